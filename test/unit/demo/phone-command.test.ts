import { describe, expect, it } from 'vitest';
import { ordersOf, phoneCommand } from '../../../src/demo/phone-command.ts';

const options = {
  server: '127.0.0.1:5060',
  as: '+12025550123',
  port: 0,
  press: '',
  decline: false,
} as const;

describe('turnkeeper phone', () => {
  it('dials a number and presses keys by time', () => {
    expect(ordersOf('5000', { ...options, press: '9:1 3.5:1500#', hangUpAfter: 2 }, {})).toEqual({
      server: { host: '127.0.0.1', port: 5060 },
      dial: '5000',
      ani: '+12025550123',
      port: 0,
      press: [
        { afterSec: 9, keys: '1' },
        { afterSec: 3.5, keys: '1500#' },
      ],
      hangUpAfterSec: 2,
      declines: false,
    });
  });

  it("registers as an agent's phone with the password of the option, else of the environment", () => {
    const environment = { PHONE_PASSWORD: 'of the environment' };
    expect(ordersOf(undefined, { ...options, user: '1001', calls: 1 }, environment)).toMatchObject({
      agent: { user: '1001', password: 'of the environment' },
      callCountMax: 1,
    });
    expect(ordersOf(undefined, { ...options, user: '1001', password: 'given' }, environment)).toMatchObject({
      agent: { password: 'given' },
    });
  });

  it.each([
    [{ server: 'localhost' }, '--server must be like 127.0.0.1:5060'],
    [{ press: '1' }, '--press must be like "9:1 3:1"'],
    [{ press: '9:1 x:2' }, '--press must be like "9:1 3:1"'],
    [{ press: '1:E' }, '--press must be like "9:1 3:1"'],
    [{ press: '1:1 '.repeat(51) }, '--press must be like "9:1 3:1"'],
    [{ user: '1001' }, '--user needs --password, or PHONE_PASSWORD'],
  ])('refuses %j and says what is allowed', async (wrong, said) => {
    const errors: string[] = [];
    const output = { line: () => undefined, error: (text: string) => void errors.push(text) };
    expect(await phoneCommand(output, undefined, { ...options, ...wrong }, {})).toBe(2);
    expect(errors).toEqual([said]);
  });
});
