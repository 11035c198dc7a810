// Axes of a grid as they are typed.
import { describe, expect, it } from 'vitest';
import { gridOf } from '../src/commands/generations/grid-options.ts';

describe('options for the axes of a grid', () => {
  it.each([
    ['steps=10,20', [10, 20]],
    ['sampler=ddim, euler', ['ddim', 'euler']],
    // texts stay texts, and no negative prompt is not the empty one
    ['prompt=1984,a house', ['1984', 'a house']],
    ['negative_prompt=null,,blurry', [null, '', 'blurry']],
    ['guidance_scale=,2', ['', 2]],
  ])('%s', (x, values) => {
    expect(gridOf({ x })?.x).toEqual({ parameter: x.slice(0, x.indexOf('=')), values });
  });

  it('refuse an unknown setting, and a second axis without a first', () => {
    expect(() => gridOf({ x: 'colour=red' })).toThrow(/settings: prompt, negative_prompt/);
    expect(() => gridOf({ y: 'steps=1' })).toThrow('also set --x');
  });
});
