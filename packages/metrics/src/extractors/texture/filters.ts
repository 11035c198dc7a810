// Filters of square planes: halving, gradients, minima and maxima of a neighborhood. Pixels beyond an edge repeat it.

export interface Plane {
  readonly side: number;
  /** side * side values, row by row. */
  readonly values: Float64Array;
}

const planeOf = (side: number, at: (x: number, y: number) => number): Plane => {
  const values = new Float64Array(side * side);
  for (let y = 0, i = 0; y < side; y++) for (let x = 0; x < side; x++, i++) values[i] = at(x, y);
  return { side, values };
};

/** Halves both sides by means of two by two pixels. */
export function halved({ side, values }: Plane): Plane {
  return planeOf(side / 2, (x, y) => {
    const i = 2 * y * side + 2 * x;
    return (values[i] + values[i + 1] + values[i + side] + values[i + side + 1]) / 4;
  });
}

/** Central differences along both axes. */
export function gradients({ side, values }: Plane): { x: Plane; y: Plane } {
  const within = (i: number): number => Math.min(Math.max(i, 0), side - 1);
  return {
    x: planeOf(side, (x, y) => (values[y * side + within(x + 1)] - values[y * side + within(x - 1)]) / 2),
    y: planeOf(side, (x, y) => (values[within(y + 1) * side + x] - values[within(y - 1) * side + x]) / 2),
  };
}

/** The minimum or maximum of the (2 radius + 1)^2 pixels around each pixel. */
export function extreme(plane: Plane, radius: number, choose: (a: number, b: number) => number): Plane {
  const { side } = plane;
  const along = ({ values }: Plane, step: number, line: number): Plane => {
    const result = new Float64Array(side * side);
    for (let start = 0; start < side; start++) {
      for (let i = 0; i < side; i++) {
        const [from, to] = [Math.max(0, i - radius), Math.min(side - 1, i + radius)];
        let best = values[start * line + from * step];
        for (let k = from + 1; k <= to; k++) best = choose(best, values[start * line + k * step]);
        result[start * line + i * step] = best;
      }
    }
    return { side, values: result };
  };
  return along(along(plane, 1, side), side, 1);
}

/** Thin dark lines (black top-hat): how much brighter each pixel becomes when dark details narrower than 2 radius + 1 pixels are filled. */
export function darkDetails(plane: Plane, radius: number): Plane {
  const closed = extreme(extreme(plane, radius, Math.max), radius, Math.min);
  return { side: plane.side, values: closed.values.map((value, i) => value - plane.values[i]) };
}

/** The same for bright details (white top-hat). */
export function brightDetails(plane: Plane, radius: number): Plane {
  const opened = extreme(extreme(plane, radius, Math.min), radius, Math.max);
  return { side: plane.side, values: opened.values.map((value, i) => plane.values[i] - value) };
}
