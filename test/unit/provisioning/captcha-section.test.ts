import { describe, expect, it } from 'vitest';
import { emptyDocument } from '../../../src/provisioning/document.ts';
import { exportDocument } from '../../../src/provisioning/export-document.ts';
import { LiveDirectory } from '../../../src/provisioning/live-directory.ts';
import { sealDocument } from '../../../src/provisioning/seal-document.ts';
import { SecretBox } from '../../../src/provisioning/secret-box.ts';
import { validateDocument } from '../../../src/provisioning/validate-document.ts';

const box = new SecretBox(Buffer.alloc(32, 7));
const SECRET = 'rosebud-secret';
const entry = (more: string): string =>
  `captcha:\n  - {name: web, kind: v3, siteKey: 6Lc_abc, secret: ${SECRET}${more}}\n`;

function sealed(text: string) {
  const checked = validateDocument(text, {});
  if (checked.kind === 'refused') throw new Error(JSON.stringify(checked.faults));
  const { document, source } = checked;
  return sealDocument(document, { box, environment: () => undefined, before: emptyDocument, source });
}

describe('the section captcha', () => {
  it('seals the secret, exports it sealed, and opens it for the gate alone', () => {
    const { document, faults } = sealed(entry(''));
    expect(faults).toEqual([]);
    const text = exportDocument(document);
    expect(text).toContain('secret: sealed:v2:');
    expect(text).not.toContain(SECRET);
    const directory = new LiveDirectory('test', box);
    directory.replace(document, 1);
    expect(directory.captchaKeys()).toEqual([
      {
        name: 'web',
        kind: 'v3',
        siteKey: '6Lc_abc',
        secret: SECRET,
        enabled: true,
        callIn: false,
        scoreMin: 0.5,
        hostNames: [],
        verifyUrl: 'https://www.google.com/recaptcha/api/siteverify',
        timeoutMs: 3000,
        whenUnavailable: 'refuse',
      },
    ]);
  });

  it.each([
    [', scoreMin: 1.1', 'captcha[0].scoreMin'],
    [', kind: v4', 'captcha[0].kind'],
    [', verifyUrl: "http://elsewhere.example/"', 'captcha[0].verifyUrl'],
    [', verifyUrl: "http://127.0.0.1.evil.example/"', 'captcha[0].verifyUrl'],
    [', verifyUrl: "file:///etc/passwd"', 'captcha[0].verifyUrl'],
    [', hostNames: ["a b"]', 'captcha[0].hostNames[0]'],
    [', timeoutMs: 60000', 'captcha[0].timeoutMs'],
    [', colour: blue', 'captcha[0].colour'],
  ])('refuses %s and never tells the secret', (more, path) => {
    // A second `kind` would be a key written twice.
    const text = more.startsWith(', kind') ? entry('').replace('kind: v3', more.slice(2)) : entry(more);
    const outcome = validateDocument(text, {});
    expect(outcome).toMatchObject({ kind: 'refused', faults: [{ path }] });
    expect(JSON.stringify(outcome)).not.toContain(SECRET);
  });

  it('refuses two sets of one name or one site key, and tells no secret that is of a wrong form', () => {
    const twice = entry('') + entry('').split('\n')[1];
    expect(validateDocument(twice, {})).toMatchObject({
      kind: 'refused',
      faults: [{ path: 'captcha[1].name' }, { path: 'captcha[1].siteKey' }],
    });
    const odd = validateDocument(entry('').replace(SECRET, '[rosebud]'), {});
    expect(odd).toMatchObject({ kind: 'refused', faults: [{ path: 'captcha[0].secret' }] });
    expect(JSON.stringify(odd)).not.toContain('rosebud');
  });
});
