import { describe, expect, test } from 'vitest';
import { FlowLibrary } from '../../../src/ivr/flow-library.ts';
import type { FlowFiles, FlowSource } from '../../../src/ivr/flow-library.ts';
import { german } from '../../../src/ivr/languages/german.ts';
import { vocabularyOf } from '../../../src/ivr/say.ts';
import { silentLog } from '../../../src/kernel/log.ts';

const ids = [...vocabularyOf(german), 'hello', 'bye'];
const texts = Object.fromEntries(ids.map((id) => [id, `text of ${id}`]));

class MemorySource implements FlowSource {
  flows = new Map<string, unknown>();
  catalogues = new Map<string, unknown>([['prompts/de.json', texts]]);
  audio = new Map(ids.map((id) => [`de/${id}.wav`, 1000]));
  broken = false;
  listeners = new Set<() => void>();
  readCount = 0;

  read(): Promise<FlowFiles> {
    this.readCount++;
    if (this.broken) return Promise.reject(new Error('EIO'));
    const textOf = ([path, value]: [string, unknown]): { path: string; text: string } => ({
      path,
      text: typeof value === 'string' ? value : JSON.stringify(value),
    });
    return Promise.resolve({
      flows: [...this.flows].map(textOf),
      catalogues: [...this.catalogues].map(textOf),
      audioMs: this.audio,
    });
  }

  watch(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

function flow(name: string, prompt: string): unknown {
  return { flow: name, version: 1, initial: 'a', states: { a: { do: 'hang-up', phrase: [prompt] } } };
}

function libraryOf(source: MemorySource): FlowLibrary {
  return new FlowLibrary({ source, log: silentLog });
}

describe('a library of flows', () => {
  test('puts valid flows into force and tells the faults of the others', async () => {
    const source = new MemorySource();
    source.flows.set('good.json', flow('good', 'hello'));
    source.flows.set('bad.json', flow('bad', 'nowhere'));
    const library = libraryOf(source);
    const faults = await library.reload();
    expect(library.names).toEqual(['good']);
    expect(faults).toEqual([
      { file: 'bad.json', path: 'states.a.phrase', line: 1, message: expect.stringContaining('"nowhere"') },
    ]);
    expect(library.faults).toBe(faults);
  });

  test('keeps the previous flow in force when the new one is invalid, until it is mended', async () => {
    const source = new MemorySource();
    source.flows.set('f.json', flow('f', 'hello'));
    const library = libraryOf(source);
    await library.reload();
    const previous = library.require('f');
    source.flows.set('f.json', '{ "flow": ');
    expect(await library.reload()).toHaveLength(1);
    expect(library.get('f')).toBe(previous);
    source.flows.set('f.json', flow('f', 'bye'));
    expect(await library.reload()).toEqual([]);
    expect(library.require('f').flow.states['a']).toMatchObject({ phrase: ['bye'] });
  });

  test('forgets a flow whose file has gone', async () => {
    const source = new MemorySource();
    source.flows.set('f.json', flow('f', 'hello'));
    const library = libraryOf(source);
    await library.reload();
    source.flows.delete('f.json');
    await library.reload();
    expect(library.get('f')).toBeUndefined();
  });

  test('keeps everything when the folder cannot be read', async () => {
    const source = new MemorySource();
    source.flows.set('f.json', flow('f', 'hello'));
    const library = libraryOf(source);
    await library.reload();
    source.broken = true;
    expect(await library.reload()).toEqual([{ file: '.', path: '', message: 'cannot be read: EIO' }]);
    expect(library.names).toEqual(['f']);
  });

  test('refuses an unknown name with FLOW_UNKNOWN and the faults of its file', async () => {
    const source = new MemorySource();
    source.flows.set('bad.json', flow('bad', 'nowhere'));
    const library = libraryOf(source);
    await library.reload();
    expect(() => library.require('bad')).toThrow(
      expect.objectContaining({
        code: 'FLOW_UNKNOWN',
        faults: [expect.objectContaining({ file: 'bad.json' })],
      }),
    );
    expect(() => library.require('other')).toThrow(
      expect.objectContaining({ code: 'FLOW_UNKNOWN', faults: [] }),
    );
  });

  test('reloads when told that files changed, and no more after close', async () => {
    const source = new MemorySource();
    const library = libraryOf(source);
    library.watch();
    library.watch();
    expect(source.listeners.size).toBe(1);
    source.flows.set('f.json', flow('f', 'hello'));
    for (const listener of source.listeners) listener();
    await library.reload();
    expect(library.names).toEqual(['f']);
    library.close();
    expect(source.listeners.size).toBe(0);
  });

  test('reads the folder once at a time, however often it is asked', async () => {
    const source = new MemorySource();
    const library = libraryOf(source);
    await Promise.all([library.reload(), library.reload(), library.reload()]);
    expect(source.readCount).toBe(3);
  });

  test('reads two hundred flows at most', async () => {
    const source = new MemorySource();
    for (let n = 0; n < 201; n++) source.flows.set(`f${n}.json`, flow(`f${n}`, 'hello'));
    const library = libraryOf(source);
    expect(await library.reload()).toEqual([
      { file: 'f200.json', path: '', message: expect.stringContaining('at most 200') },
    ]);
    expect(library.names).toHaveLength(200);
  });
});

test('knows as prompts what has text and audio in some language', async () => {
  const source = new MemorySource();
  source.catalogues.set('prompts/en.json', { 'only-in-english': 'News', silent: 'Nobody has said this yet' });
  source.audio.set('en/only-in-english.wav', 1000);
  source.audio.set('en/no-text.wav', 1000);
  const library = libraryOf(source);
  expect(library.prompts.size).toBe(0);
  await library.reload();
  expect(library.prompts.has('hello')).toBe(true);
  expect(library.prompts.has('only-in-english')).toBe(true);
  expect([...library.prompts]).not.toEqual(expect.arrayContaining(['silent']));
  expect([...library.prompts]).not.toEqual(expect.arrayContaining(['no-text']));
});

describe('a catalogue of prompts is faulted for', () => {
  test.each<[string, (source: MemorySource) => void, object]>([
    ['a prompt without audio', (s) => s.audio.delete('de/hello.wav'), { path: 'hello', message: expect.stringMatching(/no audio: de\/hello/) }],
    ['a number that is missing', (s) => s.catalogues.set('prompts/de.json', without('num-7')), { path: 'num-7', message: expect.stringMatching(/needed for numbers/) }],
    ['a language without a table', (s) => s.catalogues.set('prompts/xx.json', {}), { file: 'prompts/xx.json', message: expect.stringMatching(/not a language/) }],
    ['broken JSON', (s) => s.catalogues.set('prompts/de.json', '{\n"a": }'), { line: 2, message: expect.stringMatching(/not JSON/) }],
    ['a text that is no text', (s) => s.catalogues.set('prompts/de.json', { ...texts, hello: 7 }), { path: 'hello', line: 1 }],
    ['being absent', (s) => s.catalogues.clear(), { file: 'prompts', message: expect.stringMatching(/no catalogue/) }],
  ])('%s', async (_, damage, expected) => {
    const source = new MemorySource();
    damage(source);
    expect(await libraryOf(source).reload()).toContainEqual(expect.objectContaining(expected));
  }); // prettier-ignore
});

function without(id: string): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).filter(([key]) => key !== id));
}
