import type { ConfigurationDocument } from './document.ts';
import { type OpenOutcome, SecretBox } from './secret-box.ts';
import { withSecrets } from './secret-place.ts';

/**
 * The stored document with every secret sealed under the box's own key and bound to its place. Undefined:
 * each one is already, or cannot be opened, which whoever uses it tells. Only what the program itself stored
 * may come here: values of the first form are opened wherever they stand.
 */
export function resealedDocument(
  document: ConfigurationDocument,
  box: SecretBox,
): ConfigurationDocument | undefined {
  let isChanged = false;
  const resealed = withSecrets(document, (secret, { place }) => {
    if (typeof secret !== 'string' || !SecretBox.isSealed(secret)) return secret;
    let outcome: OpenOutcome;
    if (SecretBox.isUnbound(secret)) outcome = box.openUnbound(secret);
    else if (SecretBox.keyIdIn(secret) === box.keyId) return secret;
    else outcome = box.open(secret, place);
    if (outcome.kind !== 'opened') return secret;
    isChanged = true;
    return box.seal(outcome.plain, place);
  });
  return isChanged ? resealed : undefined;
}
