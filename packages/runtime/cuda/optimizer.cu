// The optimizer's arithmetic in CUDA C, over flat blocks of parameters, with the same operations as assembly/optimizer.ts on the processor.
// `npm run kernels` compiles this file to src/kernels/optimizer.ptx where NVRTC is installed. No operations are fused into multiply-adds, and sums have a
// fixed order, so a repeated run is equal to the bit. Each parameter starts at a multiple of sixteen elements, with zeros between two parameters.
// test/fake-device compiles the same file for the processor: no kernel may need shared memory or threads that wait for each other.

#include "common.cuh"

/** Numbers of one update that are the same for all parameters; `seed` decides how bfloat16 moments are rounded. */
struct Step { float gradientScale, secondCorrection, rest1, beta2, rest2, epsilon; unsigned int seed, unused; };
/** Numbers of one update for one parameter. */
struct Factors { float decay, stepSize; };

/** The parameter that an element belongs to; `starts` are in units of sixteen elements. */
__device__ __forceinline__ int parameterAt(const unsigned int* starts, int count, unsigned int unit) {
  int low = 0, high = count - 1;
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    if (starts[middle] <= unit) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** 32 well-mixed bits for a position (the finalizer of MurmurHash3). */
__device__ __forceinline__ unsigned int hash(unsigned int position) {
  unsigned int h = position * 0x9e3779b1u;
  h = (h ^ (h >> 16)) * 0x85ebca6bu;
  h = (h ^ (h >> 13)) * 0xc2b2ae35u;
  return h ^ (h >> 16);
}

__device__ __forceinline__ void updateOne(float& w, float& m, float& v, float gradient, const Step& step, const Factors& factors) {
  const float g = gradient * step.gradientScale;
  m = m + (g - m) * step.rest1;
  v = v * step.beta2 + g * g * step.rest2;
  const float deviation = sqrtf(v) * step.secondCorrection + step.epsilon;
  w = w * factors.decay - m / deviation * factors.stepSize;
}

/** Stores four weights, and their float16 copies where there are some. */
__device__ __forceinline__ void store(float* weights, unsigned short* copies, long long four, const Floats& values) {
  ((Floats*)weights)[four] = values;
  if (!copies) return;
  Halves rounded;
  for (int i = 0; i < 4; i++) rounded.at[i] = narrowed(values.at[i]);
  ((Halves*)copies)[four] = rounded;
}

/** AdamW with float32 moments. `factors` and `starts` have an entry for each parameter of the block. `copies`: float16 copies of the weights, or null. */
extern "C" __global__ void adamw(float* weights, const void* gradients, float* first, float* second, long long count, const Step* step, const Factors* factors, const unsigned int* starts, int parameters, int half, unsigned short* copies) {
  const Step shared = *step;
  for (long long four = threadNumber(); four < count / 4; four += threadCount()) {
    const Factors own = factors[parameterAt(starts, parameters, (unsigned int)(four / 4))];
    const Floats g = gradientsAt(gradients, four, half);
    Floats w = ((Floats*)weights)[four], m = ((Floats*)first)[four], v = ((Floats*)second)[four];
    for (int i = 0; i < 4; i++) updateOne(w.at[i], m.at[i], v.at[i], g.at[i], shared, own);
    store(weights, copies, four, w);
    ((Floats*)first)[four] = m;
    ((Floats*)second)[four] = v;
  }
}

/** AdamW with bfloat16 moments, rounded up or down at random (arXiv 2010.06192). `firstParameter` is the number of the block's first parameter. */
extern "C" __global__ void adamw_bfloat16(float* weights, const void* gradients, unsigned short* first, unsigned short* second, long long count, const Step* step, const Factors* factors, const unsigned int* starts, int parameters, int half, unsigned short* copies, int firstParameter) {
  const Step shared = *step;
  for (long long four = threadNumber(); four < count / 4; four += threadCount()) {
    const int parameter = parameterAt(starts, parameters, (unsigned int)(four / 4));
    const unsigned int position = (unsigned int)(four * 4 - (long long)starts[parameter] * 16);
    const unsigned int seed = shared.seed + (unsigned int)(firstParameter + parameter);
    const Factors own = factors[parameter];
    const Floats g = gradientsAt(gradients, four, half);
    Floats w = ((Floats*)weights)[four];
    Halves firsts = ((Halves*)first)[four], seconds = ((Halves*)second)[four];
    for (int i = 0; i < 4; i++) {
      float m = __uint_as_float((unsigned int)firsts.at[i] << 16), v = __uint_as_float((unsigned int)seconds.at[i] << 16);
      updateOne(w.at[i], m, v, g.at[i], shared, own);
      const unsigned int random = hash((position + i) ^ seed);
      firsts.at[i] = (unsigned short)((__float_as_uint(m) + (random & 0xffffu)) >> 16);
      seconds.at[i] = (unsigned short)((__float_as_uint(v) + (random >> 16)) >> 16);
    }
    store(weights, copies, four, w);
    ((Halves*)first)[four] = firsts;
    ((Halves*)second)[four] = seconds;
  }
}

/** Writes float16 copies of weights, for the first pass and for weights that do not train. */
extern "C" __global__ void narrow(unsigned short* copies, const float* weights, long long count) {
  for (long long i = threadNumber(); i < count; i += threadCount()) copies[i] = narrowed(weights[i]);
}

/** sums += gradients */
extern "C" __global__ void add_gradients(float* sums, const void* gradients, long long count, int half) {
  for (long long four = threadNumber(); four < count / 4; four += threadCount()) {
    const Floats g = gradientsAt(gradients, four, half);
    Floats sum = ((Floats*)sums)[four];
    for (int i = 0; i < 4; i++) sum.at[i] = sum.at[i] + g.at[i];
    ((Floats*)sums)[four] = sum;
  }
}

/** values -= share * (values - target) */
extern "C" __global__ void move_towards(float* values, const float* target, long long count, float share) {
  for (long long four = threadNumber(); four < count / 4; four += threadCount()) {
    const Floats t = ((const Floats*)target)[four];
    Floats value = ((Floats*)values)[four];
    for (int i = 0; i < 4; i++) value.at[i] = value.at[i] - share * (value.at[i] - t.at[i]);
    ((Floats*)values)[four] = value;
  }
}

/** Each thread's share of the sum of squares, in float64. Infinity or NaN in a gradient makes the sum infinite or NaN, which the loss scale checks. */
extern "C" __global__ void sum_of_squares(const void* gradients, long long count, int half, double* partials) {
  double sum = 0;
  for (long long four = threadNumber(); four < count / 4; four += threadCount()) {
    const Floats g = gradientsAt(gradients, four, half);
    for (int i = 0; i < 4; i++) sum = sum + (double)g.at[i] * (double)g.at[i];
  }
  partials[threadNumber()] = sum;
}

/** Adds `count` numbers in order. Each thread adds a share of neighbouring numbers; the last launch has one thread. */
extern "C" __global__ void add_partials(const double* partials, long long share, double* sums) {
  double sum = 0;
  for (long long i = 0; i < share; i++) sum = sum + partials[threadNumber() * share + i];
  sums[threadNumber()] = sum;
}
