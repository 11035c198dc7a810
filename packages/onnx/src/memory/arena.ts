// A model of onnxruntime's arena of device memory (BFCArena, kSameAsRequested): how many bytes it takes from the device for a series of
// requests.

/** The arena's unit, and what it leaves unused at the end of a piece rather than cut it. */
const UNIT = 256;
const MOST_UNUSED = 128 * 2 ** 20;

/** A piece of a block that was taken from the device. It knows its neighbors in the block. */
interface Piece {
  readonly place: number;
  size: number;
  isFree: boolean;
  before: Piece | null;
  after: Piece | null;
}

const isFirst = (a: Piece, b: Piece): boolean => a.size < b.size || (a.size === b.size && a.place < b.place);

export class Arena {
  /** Free pieces, the smallest first. */
  readonly #free: Piece[] = [];
  /** Bytes taken from the device. They are never given back. */
  taken = 0;

  /** Returns the smallest free piece that is large enough. If there is none, takes the requested bytes from the device. */
  allocate(bytes: number): Piece {
    const size = Math.max(1, Math.ceil(bytes / UNIT)) * UNIT;
    const [found] = this.#free.splice(this.#firstOf({ size, place: -1 }), 1);
    const piece = found ?? { place: this.taken, size, isFree: true, before: null, after: null };
    if (!found) this.taken += size;
    if (piece.size >= 2 * size || piece.size - size >= MOST_UNUSED) this.#cut(piece, size);
    piece.isFree = false;
    return piece;
  }

  release(piece: Piece): void {
    let whole = piece;
    piece.isFree = true;
    if (piece.after?.isFree) this.#join(piece, this.#take(piece.after));
    if (piece.before?.isFree) {
      whole = this.#take(piece.before);
      this.#join(whole, piece);
    }
    this.#free.splice(this.#firstOf(whole), 0, whole);
  }

  #cut(piece: Piece, size: number): void {
    const rest: Piece = { place: piece.place + size, size: piece.size - size, isFree: true, before: piece, after: piece.after };
    if (rest.after) rest.after.before = rest;
    piece.after = rest;
    piece.size = size;
    this.#free.splice(this.#firstOf(rest), 0, rest);
  }

  #join(left: Piece, right: Piece): void {
    left.size += right.size;
    left.after = right.after;
    if (right.after) right.after.before = left;
  }

  #take(piece: Piece): Piece {
    this.#free.splice(this.#firstOf(piece), 1);
    return piece;
  }

  /** Index of the first free piece that is not sorted before `piece`. */
  #firstOf(piece: Pick<Piece, 'size' | 'place'>): number {
    let [low, high] = [0, this.#free.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isFirst(this.#free[middle], piece as Piece)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
