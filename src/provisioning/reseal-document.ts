import type { ConfigurationDocument } from './document.ts';
import { SecretBox } from './secret-box.ts';

/**
 * The document with every secret sealed under the box's own key. Undefined: each one is already, or cannot be
 * opened, which whoever uses it tells.
 */
export function resealedDocument(
  document: ConfigurationDocument,
  box: SecretBox,
): ConfigurationDocument | undefined {
  let isChanged = false;
  const visit = (value: unknown): unknown => {
    if (typeof value === 'string' && SecretBox.isSealed(value)) {
      if (SecretBox.keyIdIn(value) === box.keyId) return value;
      const outcome = box.open(value);
      if (outcome.kind !== 'opened') return value;
      isChanged = true;
      return box.seal(outcome.plain);
    }
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, visit(inner)]));
  };
  const resealed = visit(document) as ConfigurationDocument;
  return isChanged ? resealed : undefined;
}
