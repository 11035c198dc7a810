// Shared by all kernels: numbers of threads, groups of four values, float16. The compiler reads no files, so tools/compile-cuda.ts inserts this one.
#pragma once

struct __align__(16) Floats { float at[4]; };
struct __align__(8) Halves { unsigned short at[4]; };

__device__ __forceinline__ long long threadNumber() { return blockIdx.x * (long long)blockDim.x + threadIdx.x; }
__device__ __forceinline__ long long threadCount() { return gridDim.x * (long long)blockDim.x; }

/** The float32 number of float16 bits. */
__device__ __forceinline__ float widened(unsigned int bits) {
  const unsigned int exponent = bits & 0x7c00u, magnitude = (bits & 0x7fffu) << 13, sign = (bits & 0x8000u) << 16;
  if (exponent == 0) {
    const float subnormal = __uint_as_float(magnitude + (113u << 23)) - __uint_as_float(113u << 23);
    return __uint_as_float(__float_as_uint(subnormal) | sign);
  }
  return __uint_as_float((magnitude + (exponent == 0x7c00u ? 224u << 23 : 112u << 23)) | sign);
}

/** Four gradients as float32, from float32 or from float16 bits. */
__device__ __forceinline__ Floats gradientsAt(const void* gradients, long long four, int half) {
  if (!half) return ((const Floats*)gradients)[four];
  const Halves bits = ((const Halves*)gradients)[four];
  Floats values;
  for (int i = 0; i < 4; i++) values.at[i] = widened(bits.at[i]);
  return values;
}

#ifndef STAND_IN
/** A number as float16 bits, rounded to the nearest. */
__device__ __forceinline__ unsigned short narrowed(float value) {
  unsigned short bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return bits;
}

/** The same number as `widened` gives, by an instruction of the card. */
__device__ __forceinline__ float read(unsigned short stored) {
  float value;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(stored));
  return value;
}
#endif

/** Converts a stored number to float32 and back. */
__device__ __forceinline__ float read(float stored) { return stored; }
__device__ __forceinline__ void write(float& stored, float value) { stored = value; }
__device__ __forceinline__ void write(unsigned short& stored, float value) { stored = narrowed(value); }

/** Four stored numbers that are read and written at once. */
template <class T> struct Four;
template <> struct Four<float> { typedef Floats Group; };
template <> struct Four<unsigned short> { typedef Halves Group; };
