// Subjects and captions: which subjects are in the set, which are excluded, and that names read well.
import { describe, expect, it } from 'vitest';
import { baseStyles, captionOf, captionVariants, drawCaption, isHeldOut, listSubjects } from '../src/index.ts';

const subjects = listSubjects();
const named = (name: string) => {
  const subject = subjects.find((each) => each.name === name);
  if (!subject) throw new Error(`no subject ${name}`);
  return subject;
};

describe('listSubjects', () => {
  it('has more than 1,300 subjects with distinct ids, names and code points, 259 of them persons', () => {
    expect(subjects.length).toBe(1321);
    for (const key of ['id', 'name', 'unicodeKey'] as const) {
      expect(new Set(subjects.map((subject) => subject[key])).size).toBe(subjects.length);
    }
    expect(subjects.filter(({ isPerson }) => isPerson).length).toBe(259);
  });

  it('excludes flags, symbols, clock faces and mirrored doubles', () => {
    expect(subjects.filter(({ name }) => /flag:|button|keycap|up arrow|o'clock|facing right/.test(name))).toEqual([]);
    expect(subjects.some(({ group }) => group === 'Flags' || group === 'Symbols')).toBe(false);
  });

  it('distinguishes persons from hands and faces, and writes names as in captions', () => {
    expect(named('woman with red hair').isPerson).toBe(true);
    expect(named('santa claus').isPerson).toBe(true);
    expect(named('waving hand').isPerson).toBe(false);
    expect(named('grinning face').isPerson).toBe(false);
    expect(subjects.filter(({ name }) => /[A-Z“”’]/.test(name))).toEqual([]);
  });

  it('adds skin tones on request', () => {
    const toned = listSubjects({ skinTones: ['dark'] }).slice(subjects.length);
    expect(toned.length).toBeGreaterThan(200);
    expect(toned.find(({ name }) => name === 'man farmer with dark skin')?.unicodeKey).toBe('1f468-1f3ff-200d-1f33e');
  });
});

describe('captions', () => {
  it('name subject and style, also in the form of the inference prompt', () => {
    const cat = named('cat face');
    expect(captionOf(cat, 'noto')).toBe('cat face, classic style');
    expect(captionVariants(cat, 'twemoji')).toContain('a photo of flat style, cat face');
    expect(captionVariants(cat, 'twemoji')).not.toContain('a photo of flat style, person');
    expect(captionVariants(named('princess'), 'fluent')).toContain('a photo of fluent style, person');
  });

  it('are chosen by key, and the requested share of them is empty', () => {
    const cat = named('cat face');
    const drawn = Array.from({ length: 2000 }, (_, i) => drawCaption(cat, 'noto', `1/${i}`, { emptyShare: 0.1 }));
    expect(drawn).toEqual(Array.from({ length: 2000 }, (_, i) => drawCaption(cat, 'noto', `1/${i}`, { emptyShare: 0.1 })));
    const empty = drawn.filter((caption) => caption === '').length / drawn.length;
    expect(empty).toBeGreaterThan(0.08);
    expect(empty).toBeLessThan(0.12);
    expect(new Set(drawn)).toEqual(new Set(['', ...captionVariants(cat, 'noto')]));
  });
});

describe('held-out pairs', () => {
  it('are about 8 % of the base pairs, spread over the styles, and at most one for each subject', () => {
    const pairs = baseStyles.flatMap((style) =>
      subjects.filter((subject) => isHeldOut(subject, style)).map((subject) => ({ subject, style })),
    );
    const share = pairs.length / (subjects.length * baseStyles.length);
    expect(share).toBeGreaterThan(0.065);
    expect(share).toBeLessThan(0.095);
    expect(new Set(pairs.map(({ subject }) => subject.id)).size).toBe(pairs.length);
    for (const style of baseStyles) {
      expect(pairs.filter((pair) => pair.style === style).length).toBeGreaterThan(pairs.length / 5);
    }
  });

  it('never contain a target style', () => {
    expect(subjects.some((subject) => isHeldOut(subject, 'ink'))).toBe(false);
  });
});
