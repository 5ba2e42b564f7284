import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';

/** What an endpoint is made of. */
export interface MediaEndpointOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly audioRoot: string;
  /** Ends a channel from outside, over the control connection. */
  readonly killChannel: (uuid: string) => Promise<void>;
}
