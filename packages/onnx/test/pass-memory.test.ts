// The memory of a pass as onnxruntime plans it: its arena, its reuse of blocks, its order, and the casts of mixed precision, with numbers
// counted by hand.
import { Graph, type Tensor } from '@styleforge/autodiff';
import { describe, expect, it } from 'vitest';
import { Arena } from '../src/memory/arena.ts';
import { passMemory } from '../src/pass-memory.ts';

const MIBIBYTE = 2 ** 20;

describe('the arena', () => {
  it('takes what is requested in units of 256 bytes, and nothing if a free piece is large enough', () => {
    const arena = new Arena();
    const first = arena.allocate(1000);
    expect(arena.taken).toBe(1024);
    arena.allocate(1);
    expect(arena.taken).toBe(1024 + 256);
    arena.release(first);
    arena.allocate(600);
    expect(arena.taken).toBe(1024 + 256);
  });

  it('splits a piece of twice the size, and one that would leave 128 MiB unused, and no other', () => {
    const arena = new Arena();
    arena.release(arena.allocate(4096));
    const whole = arena.allocate(2304);
    arena.allocate(256);
    expect(arena.taken).toBe(4096 + 256);
    arena.release(whole);
    const half = arena.allocate(2048);
    arena.allocate(2048);
    expect(arena.taken).toBe(4096 + 256);
    arena.release(half);
    arena.release(arena.allocate(512 * MIBIBYTE));
    arena.allocate(384 * MIBIBYTE);
    arena.allocate(128 * MIBIBYTE);
    expect(arena.taken).toBe(4096 + 256 + 512 * MIBIBYTE);
  });

  it('joins released neighbors, and uses the smallest piece that is large enough', () => {
    const arena = new Arena();
    arena.release(arena.allocate(4096));
    const pieces = [arena.allocate(1024), arena.allocate(1024), arena.allocate(1024), arena.allocate(1024)];
    arena.release(pieces[2]);
    arena.release(pieces[0]);
    arena.release(pieces[1]);
    arena.allocate(3072);
    expect(arena.taken).toBe(4096);
    arena.release(pieces[3]);
    arena.release(arena.allocate(2048));
    arena.allocate(1000);
    expect(arena.taken).toBe(4096 + 2048);
  });
});

describe('a pass', () => {
  const shape = [64, 1024];
  const value = 64 * 1024 * 4;
  const input = (graph: Graph, name = 'x'): Tensor => graph.input(name, shape);
  const memoryOf = (graph: Graph, y: Tensor, options = {}): number => passMemory(graph, { y }, 'cuda', options).bytes / value;

  it('keeps a value until its last reader has run', () => {
    const graph = new Graph();
    const a = graph.mul(input(graph), 2);
    const b = graph.mul(a, 3);
    const c = graph.mul(b, 5);
    // a and b, then b and c in the place of a; what is given has a place of its own
    expect(memoryOf(graph, graph.mul(c, 7))).toBe(2);
    const further = new Graph();
    const kept = further.mul(input(further), 2);
    expect(memoryOf(further, further.add(kept, further.mul(further.mul(further.mul(kept, 3), 5), 7)))).toBe(3);
  });

  it('overwrites the operand of a function with one operand, if shapes are known', () => {
    const graph = new Graph();
    const y = graph.mul(graph.exp(graph.neg(graph.mul(input(graph), 2))), 2);
    expect(memoryOf(graph, y)).toBe(1);
    expect(memoryOf(graph, y, { hidesShapes: true })).toBe(2);
  });

  it('keeps a block for the next value of its shape if shapes are known, and frees it otherwise', () => {
    const graph = new Graph();
    const wide = graph.mul(input(graph), 2);
    const narrow = graph.reduceSum(graph.mul(wide, 3), [0]);
    // two values of another shape and the same size, while a released one waits for one of its own
    const other = graph.mul(graph.mul(graph.transpose(graph.mul(graph.broadcastTo(narrow, shape), 3), [1, 0]), 5), 7);
    const y = graph.mul(graph.transpose(other, [1, 0]), 2);
    expect(memoryOf(graph, y)).toBeGreaterThanOrEqual(3);
    expect(memoryOf(graph, y, { hidesShapes: true })).toBeLessThan(2.1);
  });

  it('takes no memory for reshapes and for values that are computed when the model is loaded', () => {
    const graph = new Graph();
    const constant = graph.exp(graph.constant(new Float32Array(64 * 1024), shape));
    const flat = graph.reshape(graph.mul(input(graph), constant), [64 * 1024]);
    expect(memoryOf(graph, graph.mul(flat, 2))).toBe(1);
  });

  it('runs last what the last leaf does not need, and of two operands first the one that was written last', () => {
    const graph = new Graph();
    const early = graph.reduceSum(graph.mul(graph.mul(input(graph), 2), 3), [0, 1]);
    const late = graph.reduceSum(graph.mul(graph.mul(input(graph, 'z'), 5), 7), [0, 1]);
    // one chain ends before the other begins
    expect(memoryOf(graph, graph.add(early, late))).toBeLessThan(2.1);
  });

  it('counts the float16 copies of weights, one for all readers if onnxruntime merges equal casts', () => {
    const graph = new Graph();
    const weight = graph.parameter('w', [1024, 1024]);
    const y = graph.linear(graph.linear(graph.input('x', [1, 1024]), weight), weight);
    const copy = 1024 * 1024 * 2;
    const half = passMemory(graph, { y }, 'cuda', { mixedPrecision: true }).bytes;
    expect(half / copy).toBeGreaterThan(1);
    expect(half / copy).toBeLessThan(1.02);
    expect(passMemory(graph, { y }, 'cuda').bytes).toBeLessThan(0.02 * copy);
  });
});
