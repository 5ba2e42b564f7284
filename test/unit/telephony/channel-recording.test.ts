import { beforeEach, describe, expect, it } from 'vitest';
import { recordChannel } from '../../../src/adapters/freeswitch/channel-recording.ts';
import { RecordingWatch } from '../../../src/adapters/freeswitch/recording-watch.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';

describe('recordChannel', () => {
  let commands: string[];

  beforeEach(() => {
    commands = [];
  });

  function begin(reply: string): ReturnType<typeof recordChannel> {
    return recordChannel(
      {
        uuid: 'channel',
        root: '/recordings/',
        clock: new SimulatedClock(),
        watch: new RecordingWatch(),
        gone: new Promise(() => undefined),
        ask: (command, argument) => {
          commands.push(`${command} ${argument}`);
          return Promise.resolve(reply);
        },
      },
      'day/one.wav',
    );
  }

  it('asks for nothing to be held back and nothing short to be thrown away before it begins', async () => {
    await begin('+OK');
    expect(commands).toEqual([
      'uuid_setvar_multi RECORD_STEREO=true;RECORD_PRE_BUFFER_FRAMES=1;RECORD_MIN_SEC=0',
      'uuid_record start /recordings/day/one.wav 14400',
    ]);
  });

  it('says what the media server said when it does not record', async () => {
    await expect(begin('-ERR Cannot record session!')).rejects.toMatchObject({
      code: 'MEDIA_RECORDING_FAILED',
      message: '-ERR Cannot record session!',
    });
  });
});
