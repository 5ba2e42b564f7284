import { z } from 'zod';
import { text } from './ges/ges-fields.ts';

const PUSH_TARGETS_MAX = 10;
const TOKEN_CHARACTERS_MAX = 4096;

const pushTarget = z.strictObject(
  {
    channel: z.literal('FCM', { error: 'must be FCM' }),
    target: text(TOKEN_CHARACTERS_MAX).describe('FCM registration token'),
  },
  { error: 'must be {channel: "FCM", target: <registration token>}' },
);

/** Devices that are told about a callback; 10 at most. */
export const pushTargetsSchema = z
  .array(pushTarget, { error: 'must be a list' })
  .max(PUSH_TARGETS_MAX, `must have at most ${PUSH_TARGETS_MAX} entries`);
