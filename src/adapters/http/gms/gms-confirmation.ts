import { z } from 'zod';
import { ignoredOptions } from './gms-options.ts';

/** The dialog that tells the customer something. */
export const confirmationSchema = z.object({
  _id: z.string(),
  _dialogId: z.string().describe('As a public client reads it'),
  _dialog_id: z.string(),
  _action: z.literal('ConfirmationDialog'),
  _text: z.string(),
  _okTitle: z.string(),
  _ignored_options: ignoredOptions,
});

/** The dialog of this callback, with this text. */
export function confirmationJson(id: string, said: string): z.output<typeof confirmationSchema> {
  return {
    _id: id,
    _dialogId: id,
    _dialog_id: id,
    _action: 'ConfirmationDialog',
    _text: said,
    _okTitle: 'OK',
  };
}
