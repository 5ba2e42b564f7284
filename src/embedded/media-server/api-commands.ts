import type { LegStatistics } from '../rtp/media-orders.ts';
import { broadcast, scheduleHangup, sendDigits } from './applications.ts';
import type { ApplicationHost } from './applications.ts';
import type { AudioForks } from './audio-fork.ts';
import type { Channel } from './channel.ts';
import { runConferenceCommand } from './conference-command.ts';
import { splitArguments } from './digit-collection.ts';
import { REPORTED_VERSION } from './event-source.ts';
import { parseHangupCause } from './hangup-cause.ts';

/** What api commands work with. */
export interface ApiHost extends ApplicationHost {
  readonly forks: AudioForks;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly sessionsMax: number;
  readonly startedAtMs: number;
  /** Where applications send INVITEs. */
  readonly sipAddress: string;
  bridge(channel: Channel, other: Channel): void;
  park(channel: Channel, isBoth: boolean): void;
  unknownCommand(command: string): void;
}

const NO_CHANNEL = '-ERR No such channel!\n';

/** Runs an `api` command. @returns the response body, texts as mod_commands has them. */
export async function runApiCommand(host: ApiHost, text: string): Promise<string> {
  const space = text.indexOf(' ');
  const name = (space < 0 ? text : text.slice(0, space)).trim();
  const argument = space < 0 ? '' : text.slice(space + 1).trim();
  const general = GENERAL[name];
  if (general !== undefined) return general(host, argument);
  const forChannel = CHANNEL_COMMANDS[name];
  if (forChannel === undefined) {
    host.unknownCommand(name);
    return `-ERR ${name} Command not found!\n`;
  }
  const args = readArguments(argument);
  const channel = host.channels.get(args[0] ?? '');
  if (channel === undefined) return NO_CHANNEL;
  return forChannel(host, channel, args.slice(1));
}

/** `^^|a|b` names its own separator. */
function readArguments(text: string): string[] {
  const separator = /^\^\^(.)/.exec(text)?.[1];
  return separator === undefined ? splitArguments(text) : text.slice(3).split(separator).map(unquote);
}

function unquote(text: string): string {
  return /^'.*'$/s.test(text) ? text.slice(1, -1) : text;
}

type GeneralCommand = (host: ApiHost, argument: string) => string | Promise<string>;

const GENERAL: Readonly<Record<string, GeneralCommand>> = {
  sofia: (host, argument) => (argument.startsWith('status') ? sofiaStatus(host) : '-ERR Unknown command!\n'),
  status: (host) =>
    `UP ${formatUptime(Date.now() - host.startedAtMs)}\n` +
    `FreeSWITCH (Version ${REPORTED_VERSION}) is ready\n` +
    `${host.channels.size} session(s)\n${host.sessionsMax} session(s) max\n`,
  version: () => `FreeSWITCH Version ${REPORTED_VERSION}\n`,
  show: (host, argument) => showCommand(host, argument),
  global_getvar: () => '',
  module_exists: (_host, argument) => String(KNOWN_MODULES.has(argument)),
  uuid_exists: (host, argument) => String(host.channels.has(argument)),
  conference: (host, argument) => runConferenceCommand(host.conferences, argument),
  echo: (_host, argument) => argument,
  // `sched_hangup +seconds <uuid> [cause]`: the only command whose channel is not its first word.
  sched_hangup: (host, argument) => {
    const [when = '', uuid = '', cause = 'ALLOTTED_TIMEOUT'] = splitArguments(argument);
    const channel = host.channels.get(uuid);
    if (channel === undefined) return NO_CHANNEL;
    scheduleHangup(channel, `${when} ${cause}`);
    return '+OK\n';
  },
  hupall: (host, argument) => {
    for (const channel of host.channels.values()) channel.hangup(parseHangupCause(argument));
    return '+OK hangup all channels\n';
  },
};

const KNOWN_MODULES = new Set([
  'mod_commands',
  'mod_conference',
  'mod_dptools',
  'mod_event_socket',
  'mod_sofia',
  'mod_sndfile',
  'mod_tone_stream',
  'mod_local_stream',
  'mod_audio_fork',
]);

function sofiaStatus(host: ApiHost): string {
  const line = '='.repeat(97);
  return (
    `${' '.repeat(21)}Name\t   Type\t${' '.repeat(38)}Data\tState\n${line}\n` +
    `${'drachtio_mrf'.padStart(25)}\tprofile\t${`sip:mod_sofia@${host.sipAddress}`.padStart(42)}\tRUNNING (0)\n` +
    `${line}\n1 profile 0 aliases\n`
  );
}

function showCommand(host: ApiHost, argument: string): string {
  const [what = '', option = ''] = argument.split(/\s+/);
  if (!['calls', 'channels', 'bridged_calls'].includes(what)) return '-USAGE: calls|channels [count]\n';
  const channels = [...host.channels.values()].filter(
    (channel) => what !== 'bridged_calls' || channel.partner !== undefined,
  );
  if (option === 'count') return `\n${channels.length} total.\n`;
  const rows = channels.map(({ uuid, identity }) => `${uuid},inbound,${identity.name},CS_EXECUTE`);
  return `uuid,direction,name,state\n${rows.map((row) => `${row}\n`).join('')}\n${channels.length} total.\n`;
}

function formatUptime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const days = Math.floor(seconds / 86_400);
  return `0 years, ${days} days, ${Math.floor(seconds / 3600) % 24} hours, ${Math.floor(seconds / 60) % 60} minutes, ${seconds % 60} seconds`;
}

type ChannelCommand = (host: ApiHost, channel: Channel, args: readonly string[]) => string | Promise<string>;

const CHANNEL_COMMANDS: Readonly<Record<string, ChannelCommand>> = {
  uuid_dump: (_host, channel) => channel.formatData(),
  uuid_set_media_stats: async (host, channel) => {
    noteStatistics(channel, await host.media.legStatistics(channel.uuid));
    return '+OK:\n';
  },
  tone_detect: (host, channel, [key = '', ...spec]) => {
    host.detectors.startTone(channel, [key, ...spec].join(' '));
    return `+OK Enabling tone detection '${key}' '${spec[0] ?? ''}' '${spec[1] ?? ''}'\n`;
  },
  uuid_getvar: (_host, channel, [name = '']) => channel.variables.get(name) ?? '_undef_',
  uuid_setvar: (_host, channel, [name = '', ...value]) =>
    channel.setVariable(name, value.length === 0 ? undefined : value.join(' '))
      ? '+OK\n'
      : '-ERR No variable specified\n',
  uuid_setvar_multi: (_host, channel, args) => {
    for (const part of args.join(' ').split(';')) {
      const equals = part.indexOf('=');
      if (equals > 0) channel.setVariable(part.slice(0, equals).trim(), part.slice(equals + 1));
    }
    return '+OK\n';
  },
  uuid_kill: (_host, channel, [cause]) => {
    channel.hangup(parseHangupCause(cause));
    return '+OK\n';
  },
  uuid_answer: () => '+OK\n',
  uuid_break: (_host, channel, [which]) => {
    channel.interrupt('break', which === 'all');
    return '+OK\n';
  },
  uuid_bridge: (host, channel, [otherUuid = '']) => {
    const other = host.channels.get(otherUuid);
    if (other === undefined || other === channel) return '-ERR Invalid uuid\n';
    host.bridge(channel, other);
    return `+OK ${otherUuid}\n`;
  },
  uuid_transfer: (host, channel, args) => {
    const isBoth = args.includes('-both');
    const [target = ''] = args.filter((arg) => !arg.startsWith('-'));
    // The inline dialplan: `application:argument,application:argument`.
    const conference = /^conference:([^,]+)(?:,park)?$/.exec(target)?.[1];
    if (conference === undefined && target !== 'park') return '-ERR Only conference and park are supported\n';
    host.park(channel, isBoth);
    if (conference !== undefined) {
      channel.execute({ name: 'conference', argument: conference, uuid: '', loopCount: 1 });
    }
    return '+OK\n';
  },
  uuid_park: (host, channel) => {
    host.park(channel, false);
    return '+OK\n';
  },
  uuid_send_dtmf: (host, channel, [digits = '']) =>
    sendDigits(host, channel, digits) ? '+OK\n' : '-ERR Operation failed\n',
  uuid_flush_dtmf: (_host, channel) => {
    channel.flushDigits();
    return '+OK\n';
  },
  uuid_audio: (host, channel, [verb = '', stream = '', what = '', level = '']) => {
    const isMuted = verb === 'start' && what === 'mute' && Number(level) !== 0;
    if (verb !== 'stop' && what !== 'mute') return '-ERR Operation failed\n';
    const which = verb === 'stop' ? { read: false, write: false } : { [stream]: isMuted };
    host.media.order({ type: 'mute', leg: channel.uuid, ...which });
    return '+OK Success\n';
  },
  uuid_record: async (host, channel, [verb = '', name = '', limit = '0']) => {
    if (verb === 'stop')
      return host.recorder.stop(channel, name) ? '+OK Success\n' : '-ERR Cannot stop record session!\n';
    if (verb !== 'start') return '-USAGE: <uuid> [start|stop] <path> [<limit>]\n';
    const isStarted = await host.recorder.start(channel, name, Number(limit) || 0);
    return isStarted ? '+OK Success\n' : '-ERR Cannot record session!\n';
  },
  uuid_broadcast: (host, channel, [name = '']) => {
    broadcast(host, channel, name);
    return '+OK Message sent\n';
  },
  uuid_audio_fork: (host, channel, args) => forkCommand(host, channel, args),
};

function noteStatistics(channel: Channel, statistics: LegStatistics | undefined): void {
  if (statistics === undefined) return;
  const values: Record<string, number> = {
    rtp_audio_in_packet_count: statistics.receivedPacketCount,
    rtp_audio_in_media_packet_count: statistics.receivedPacketCount,
    rtp_audio_in_raw_bytes: statistics.receivedOctetCount,
    rtp_audio_in_media_bytes: statistics.receivedOctetCount,
    rtp_audio_in_skip_packet_count: statistics.lostPacketCount,
    rtp_audio_in_jitter_max_variance: Math.round(statistics.jitterMs),
    rtp_audio_out_packet_count: statistics.sentPacketCount,
    rtp_audio_out_media_packet_count: statistics.sentPacketCount,
    rtp_audio_out_raw_bytes: statistics.sentOctetCount,
    rtp_audio_out_media_bytes: statistics.sentOctetCount,
  };
  for (const [name, value] of Object.entries(values)) channel.setVariable(name, String(value));
}

const FORK_NAME_DEFAULT = 'audio_fork';

/** mod_audio_fork's `uuid_audio_fork <uuid> start|stop|send_text|pause|resume …`. */
function forkCommand(host: ApiHost, channel: Channel, args: readonly string[]): string {
  const [verb = '', ...rest] = args;
  const isText = (text: string | undefined): boolean => /^[{[]/.test(text ?? '');
  const name = rest[0] === undefined || rest[0] === '' || isText(rest[0]) ? FORK_NAME_DEFAULT : rest[0];
  const text = isText(rest[0]) ? rest[0] : rest[1];
  const answer = (isDone: boolean): string => (isDone ? '+OK Success\n' : '-ERR Operation Failed\n');
  switch (verb) {
    case 'start':
      return answer(startFork(host, channel, rest));
    case 'stop':
      return answer(host.forks.stop(channel, name, text));
    case 'send_text':
      return answer(host.forks.sendText(channel, name, text ?? ''));
    case 'pause':
    case 'resume':
      return answer(host.forks.pause(channel, name, verb === 'pause'));
    case 'graceful-shutdown':
      return answer(host.forks.stop(channel, name));
    default:
      return '-USAGE: <uuid> [start | stop | send_text | pause | resume] …\n';
  }
}

function startFork(host: ApiHost, channel: Channel, args: readonly string[]): boolean {
  const [url = '', mix = '', rate = '', given = '', metadata = ''] = args;
  if (mix !== 'mono' && mix !== 'mixed' && mix !== 'stereo') return false;
  const rateHz = rate === '16k' || rate === '16000' ? 16_000 : 8000;
  if (rateHz === 8000 && rate !== '8k' && rate !== '8000') return false;
  const isNamed = given !== '' && !/^[{[]/.test(given);
  const text = isNamed || given === '' ? metadata : given;
  const name = isNamed ? given : FORK_NAME_DEFAULT;
  return host.forks.start(channel, { url, mix, rateHz, name, metadata: text === '' ? undefined : text });
}
