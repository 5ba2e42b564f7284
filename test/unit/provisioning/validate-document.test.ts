import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Fault } from '../../../src/kernel/errors.ts';
import { validateDocument } from '../../../src/provisioning/validate-document.ts';

const knownFlows = new Set(['inbound', 'outbound-confirm']);

function faultsOf(text: string): readonly Fault[] {
  const outcome = validateDocument(text, { knownFlows });
  return outcome.kind === 'refused' ? outcome.faults : [];
}

describe('validateDocument', () => {
  it('takes the demo document', () => {
    const text = readFileSync(new URL('../../../demo/demo.yaml', import.meta.url), 'utf8');
    const outcome = validateDocument(text, { knownFlows });
    expect(outcome).toMatchObject({ kind: 'valid', document: { flows: ['inbound', 'outbound-confirm'] } });
  });

  it('takes an empty document as one with nothing in it', () => {
    expect(validateDocument('', {})).toMatchObject({ kind: 'valid', document: { queues: [], agents: [] } });
  });

  it('tells every fault at once, each with its line, path and value', () => {
    const text = [
      'queues:', // 1
      '  - name: support', // 2
      '    skillExpression: "Support > & 3"', // 3
      '    wrapUpSec: 99999', // 4
      '    ewtEstimator: guess', // 5
      '    businessHours: never', // 6
      '  - name: support', // 7
      '    skillExpression: Support', // 8
      '    colour: blue', // 9
      'dids:', // 10
      '  - number: 5000', // 11
      '    flow: nowhere', // 12
      '    queue: sales', // 13
      'agents:', // 14
      '  - id: 1001', // 15
      '    sipUser: "1001"', // 16
      '    password: x', // 17
      '    skills: { Support: 101 }', // 18
      'trunks: none', // 19
      'weather: fine', // 20
    ].join('\n');
    const short = faultsOf(text).map(({ line, path, value }) => [line, path, value]);
    expect(short.sort((a, b) => Number(a[0]) - Number(b[0]))).toEqual([
      [3, 'queues[0].skillExpression', 'Support > & 3'],
      [4, 'queues[0].wrapUpSec', 99999],
      [5, 'queues[0].ewtEstimator', 'guess'],
      [6, 'queues[0].businessHours', 'never'],
      [7, 'queues[1].name', 'support'],
      [9, 'queues[1].colour', undefined],
      [12, 'dids[0].flow', 'nowhere'],
      [13, 'dids[0].queue', 'sales'],
      [15, 'agents[0].name', undefined],
      [18, 'agents[0].skills.Support', 101],
      [19, 'trunks', undefined],
      [20, 'weather', undefined],
    ]);
  });

  it.each([
    ['queues: [{name: q, skillExpression: a, wrapUpSec: -1}]', 'must be at least 0'],
    ['queues: [{name: q, skillExpression: a, wrapUpSec: 3601}]', 'must be at most 3600'],
    ['queues: [{name: q, skillExpression: a, wrapUpSec: soon}]', 'must be a number'],
    ['queues: [{name: q, skillExpression: a, wrapUpSec: 1.5}]', 'must be a whole number'],
    ['queues: [{name: q, skillExpression: a, requireConfirm: 1}]', 'must be true or false'],
    ['queues: [{name: q, skillExpression: a, ewtEstimator: x}]', 'must be one of "urs", "urs2"'],
    ['queues: [{name: "q  q", skillExpression: a}]', 'letters, digits'],
    ['queues: [{name: q}]', 'is missing; must be text'],
    ['queues: [{name: q, skillExpression: "a >"}]', 'column 4: expected a level'],
    ['queues: [{name: q, skillExpression: a, trunk: t}]', 'is not in trunks; there is none'],
    ['queues: [{name: q, skillExpression: a, typo: t}]', 'unknown key; allowed are name, skillExpression'],
    ['queues: [5]', 'must be a mapping'],
    ['trunks: [{name: t}]', 'no call can come or go'],
    ['trunks: [{name: t, username: u}]', 'needs a password'],
    ['trunks: [{name: t, addresses: [10.0.0.300]}]', 'at most 255'],
    ['trunks: [{name: t, addresses: ["10.0.0.3:99999"]}]', 'a port is 1–65535'],
    ['trunks: [{name: t, addresses: [10.0.0.3]}, {name: u, addresses: [10.0.0.3]}]', 'belongs to trunks[0]'],
    ['dids: [{number: 5000, flow: f, queue: q}, {number: "+5000", flow: f, queue: q}]', 'is used already'],
    ['flows: [nowhere]', 'nowhere is not in flows/'],
    ['limits: 5', 'must be a mapping'],
    ['limits: { address: { perMinuteMax: 1 } }', '60'],
    ['limits: { key: { burstMax: 2 } }', '20'],
    ['limits: { number: { perHourMax: 0 } }', '1'],
    ['limits: { adress: {} }', 'unknown key; allowed are address, key, number'],
    ['notReadyReasons: Lunch', 'must be a list'],
    ['notReadyReasons: []', 'at least 1'],
    ['notReadyReasons: [Lunch, 5]', 'must be text'],
    ['notReadyReasons: [Lunch, Tea, Lunch]', '"Lunch" is in the list already; each reason once'],
    ['notReadyReasons: [MANUAL]', '"MANUAL" is what the system says itself; choose another word'],
    ['notReadyReasons: [UNREACHABLE]', '"UNREACHABLE" is what the system says itself'],
    ['notReadyReasons: [" Lunch"]', 'without control characters or spaces around them'],
    [`notReadyReasons: [${'x'.repeat(65)}]`, 'at most 64'],
    ['businessHours: [{name: h, timeZone: Mars/Base, weekly: {}}]', 'IANA'],
    ['- a list', 'must be a mapping with queues'],
  ])('refuses %s', (text, words) => {
    expect(faultsOf(text).map(({ message }) => message)).toContainEqual(expect.stringContaining(words));
  });

  it('names each prompt on hold that nobody could say, where it was written', () => {
    const text = [
      'queueDefaults: {skillExpression: a, holdAnnouncements: [nightly]}',
      'queues:',
      '  - name: own',
      '    holdAnnouncements:',
      '      - news',
      '      - neews',
      '  - name: inherits',
      '  - name: inherits-too',
    ].join('\n');
    const knownPrompts = new Set(['news', 'greeting']);
    const outcome = validateDocument(text, { knownPrompts });
    const message = 'is not a prompt with text and audio in flows/; there are news, greeting';
    expect(outcome).toEqual({
      kind: 'refused',
      faults: [
        { path: 'queues[0].holdAnnouncements[1]', message, value: 'neews', line: 6 },
        { path: 'queueDefaults.holdAnnouncements[0]', message, value: 'nightly', line: 1 },
      ],
    });
    expect(validateDocument(text, {}).kind).toBe('valid');
  });

  it('names each queue of a webhook that there is none of, and those there are', () => {
    const text = [
      'queues: [{name: billing, skillExpression: a}, {name: sales, skillExpression: a}]',
      'webhooks:',
      '  - name: crm',
      '    url: https://crm.example.com',
      '    secret: a-long-secret-of-the-crm',
      '    queues:',
      '      - billing',
      '      - biling',
    ].join('\n');
    const [fault] = faultsOf(text).filter(({ path }) => path.startsWith('webhooks'));
    expect(fault).toEqual({
      path: 'webhooks[0].queues[1]',
      message: 'is not in queues; there are billing, sales',
      value: 'biling',
      line: 8,
    });
  });

  it.each([
    ['a key written twice', 'queues: []\nqueues: []', 2],
    ['an open quote', 'queues:\n  - name: "x', 2],
    ['a tab as indentation', 'queues:\n\t- name: x', 2],
    ['a tag', 'queues:\n  - name: !secret x', 2],
    ['an unknown alias', 'queues:\n  - name: *x', 2],
    ['a second document', 'queues: []\n---\nqueues: []', 2],
  ])('refuses %s with its line', (_, text, line) => {
    expect(faultsOf(text)[0]).toMatchObject({ line });
  });

  it('refuses what would blow up in memory or on the stack', () => {
    const bomb = ['a0: &a0 [x]'];
    for (let i = 1; i < 30; i++) bomb.push(`a${i}: &a${i} [*a${i - 1}, *a${i - 1}, *a${i - 1}]`);
    expect(faultsOf(bomb.join('\n'))[0]?.message).toMatch(/anchors/);
    expect(faultsOf('['.repeat(100_000)).length).toBeGreaterThan(0);
    expect(faultsOf('#'.repeat(1_048_577))[0]?.message).toMatch(/larger than/);
    expect(faultsOf('__proto__: {polluted: true}').length).toBeGreaterThan(0);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('cuts a flood of faults and says how many more there are', () => {
    const faults = faultsOf(`queues:\n${'  - name: "no good"\n'.repeat(600)}`);
    expect(faults).toHaveLength(201);
    expect(faults.at(-1)?.message).toMatch(/^and \d+ more faults$/);
  });

  it.each([
    ['agents: [{id: a, name: A, sipUser: a, password: {hunter2: 1}}]'],
    ['agents: [{id: a, name: A, sipUser: a, password: [hunter2]}]'],
    ['agents: [{id: a, name: A, sipUser: a, passwrod: hunter2}]'],
    ['agents: [{id: a, name: A, sipUser: a, password: {env: hunter2}}]'],
    ['agents: [{id: a, name: A, sipUser: a, password: *hunter2}]'],
    ['agents: [{id: a, name: A, sipUser: a, password: !hunter2 x}]'],
    ['agents: [{id: a, name: A, sipUser: a, password: "hunter2}]'],
    ['agents: [{id: a, name: A, sipUser: a, password: `hunter2}]'],
    ['agents: [hunter2]'],
    ['trunks: [{name: t, password: hunter2}]'],
    ['trunks: [{name: t, username: u, password: {generate: hunter2}}]'],
    ['pushCredentials: [{name: p, privateKey: [hunter2]}]'],
    [`pushCredentials: [{name: p, privateKey: "hunter2${'x'.repeat(8192)}"}]`],
    ['webhooks: [{name: w, url: "https://user:hunter2@crm.example/", secret: x}]'],
  ])('never repeats a password: %s', (text) => {
    const faults = faultsOf(text);
    expect(faults.length).toBeGreaterThan(0);
    expect(JSON.stringify(faults)).not.toMatch(/hunter2/);
  });
});
