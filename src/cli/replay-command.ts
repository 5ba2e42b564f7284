import type { Output } from './configuration-commands.ts';
import type { Operator } from './operator.ts';

/**
 * `turnkeeper replay CALLBACK…`: runs each recorded history through the machine again. @returns the exit
 * code: 0 when every one ends in the recorded state, else 1.
 */
export async function replayCommand(
  operator: Operator,
  output: Output,
  ids: readonly string[],
): Promise<number> {
  let exitCode = 0;
  for (const id of ids) {
    const outcome = await operator.replay(id);
    if (outcome?.kind === 'same') {
      output.line(`${id}: ${outcome.eventCount} events, same`);
      continue;
    }
    exitCode = 1;
    if (!outcome) output.error(`${id}: there is no such callback`);
    else if (outcome.kind === 'incomplete') output.error(`${id}: ${outcome.message}`);
    else {
      const { event, eventKind, field, recorded, replayed } = outcome;
      const values = `recorded ${JSON.stringify(recorded)}, replayed ${JSON.stringify(replayed)}`;
      output.error(`${id}: event ${event} (${eventKind}): ${field} differs: ${values}`);
    }
  }
  return exitCode;
}
