import type { Refusal } from '../../application/application.ts';
import type { CaseRefusal } from '../../disposition/case-book.ts';
import { HttpError } from './http-errors.ts';
import { refused } from './request-guard.ts';

/** The error answer for a refusal of a case's change, or of anything else behind it. */
export function caseRefused(refusal: CaseRefusal | Refusal): HttpError {
  return isOfCase(refusal) ? ofCase(refusal) : refused(refusal);
}

const caseRefusals: Readonly<Record<CaseRefusal['kind'], true>> = {
  'no-case': true,
  'unknown-disposition': true,
  'disposition-required': true,
  'too-many-notes': true,
  'data-too-large': true,
};

function isOfCase(refusal: CaseRefusal | Refusal): refusal is CaseRefusal {
  return Object.hasOwn(caseRefusals, refusal.kind);
}

function ofCase(refusal: CaseRefusal): HttpError {
  switch (refusal.kind) {
    case 'no-case':
      return new HttpError('NOT_FOUND', 'there is no such case');
    case 'unknown-disposition':
      return new HttpError('UNKNOWN_DISPOSITION', 'the queue has no such disposition code', {
        faults: [{ path: 'code', message: 'is not one of the queue’s', value: refusal.code }],
        extra: { allowed: refusal.allowed },
      });
    case 'disposition-required':
      return new HttpError('DISPOSITION_REQUIRED', 'choose a disposition first; nothing was changed', {
        extra: { allowed: refusal.allowed },
      });
    case 'too-many-notes':
      return new HttpError('LIMIT_REACHED', `a case has at most ${refusal.max} notes`, {
        extra: { max: refusal.max },
      });
    case 'data-too-large':
      return new HttpError('PAYLOAD_TOO_LARGE', `customer data is at most ${refusal.max} characters as JSON`);
    default:
      return refusal satisfies never;
  }
}
