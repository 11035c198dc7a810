// Gradients of activations and normalizations, each in one pass over its operands. onnxruntime has no operations for them; several operations would write
// and read intermediate values. These kernels compute in float32, also where operands and results are float16. `npm run kernels` compiles this file to
// src/kernels/gradients.ptx where NVRTC is installed. test/fake-card compiles the same file for the processor.

#include "common.cuh"

/** The slope of y = x s(x): y + s (1 - y), where s is the logistic function. */
struct Silu {
  static __device__ __forceinline__ float slope(float x, float y) { return y + (1.0f - y) / (1.0f + expf(-x)); }
};

/** The slope Phi(x) + x phi(x), where Phi and phi are the normal distribution and density (arXiv 1606.08415). */
struct Gelu {
  static __device__ __forceinline__ float slope(float x, float) {
    return 0.5f * (1.0f + erff(x * 0.70710678f)) + x * 0.39894228f * expf(-0.5f * x * x);
  }
};

/** dx = dy * slope(x, y) */
template <class Activation, class T> __device__ __forceinline__ void activationGradient(T* dx, const T* x, const T* y, const T* dy, long long count) {
  typedef typename Four<T>::Group Group;
  for (long long four = threadNumber(); four < count / 4; four += threadCount()) {
    const Group xs = ((const Group*)x)[four], ys = ((const Group*)y)[four], dys = ((const Group*)dy)[four];
    Group results;
    for (int i = 0; i < 4; i++) write(results.at[i], read(dys.at[i]) * Activation::slope(read(xs.at[i]), read(ys.at[i])));
    ((Group*)dx)[four] = results;
  }
  for (long long i = count / 4 * 4 + threadNumber(); i < count; i += threadCount()) write(dx[i], read(dy[i]) * Activation::slope(read(x[i]), read(y[i])));
}

extern "C" __global__ void silu_gradient(float* dx, const float* x, const float* y, const float* dy, long long count) { activationGradient<Silu>(dx, x, y, dy, count); }
extern "C" __global__ void silu_gradient_half(unsigned short* dx, const unsigned short* x, const unsigned short* y, const unsigned short* dy, long long count) { activationGradient<Silu>(dx, x, y, dy, count); }
extern "C" __global__ void gelu_gradient(float* dx, const float* x, const float* dy, long long count) { activationGradient<Gelu>(dx, x, x, dy, count); }
extern "C" __global__ void gelu_gradient_half(unsigned short* dx, const unsigned short* x, const unsigned short* dy, long long count) { activationGradient<Gelu>(dx, x, x, dy, count); }

/** Largest number of threads of a block; a power of two. */
const int MOST = 1024;

/** Adds two numbers of each thread of the block, in a fixed order. The sums are sums[0] and sums[MOST]. */
__device__ __forceinline__ void addUp(float* sums, float first, float second) {
  sums[threadIdx.x] = first;
  sums[MOST + threadIdx.x] = second;
  for (int half = blockDim.x / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) {
      sums[threadIdx.x] += sums[threadIdx.x + half];
      sums[MOST + threadIdx.x] += sums[MOST + threadIdx.x + half];
    }
  }
  __syncthreads();
}

/**
 * dx = r (dy - mean(dy) - y mean(dy y)) of each row, where r is its inverse deviation and y its standardized values (arXiv 1607.06450). One block
 * computes a row.
 */
template <class T> __device__ __forceinline__ void standardizeGradient(T* dx, const T* y, const float* r, const T* dy, int rows, int width) {
  typedef typename Four<T>::Group Group;
  __shared__ float sums[2 * MOST];
  const int grouped = width % 4 == 0 ? width / 4 : 0;
  for (int row = blockIdx.x; row < rows; row += gridDim.x) {
    const T *own = y + (long long)row * width, *gradient = dy + (long long)row * width;
    T* result = dx + (long long)row * width;
    float sum = 0, projected = 0;
    for (int four = threadIdx.x; four < grouped; four += blockDim.x) {
      const Group ys = ((const Group*)own)[four], dys = ((const Group*)gradient)[four];
      for (int i = 0; i < 4; i++) {
        const float value = read(dys.at[i]);
        sum += value;
        projected += value * read(ys.at[i]);
      }
    }
    for (int i = 4 * grouped + threadIdx.x; i < width; i += blockDim.x) {
      sum += read(gradient[i]);
      projected += read(gradient[i]) * read(own[i]);
    }
    addUp(sums, sum, projected);
    const float mean = sums[0] / width, projection = sums[MOST] / width, inverse = r[row];
    for (int four = threadIdx.x; four < grouped; four += blockDim.x) {
      const Group ys = ((const Group*)own)[four], dys = ((const Group*)gradient)[four];
      Group results;
      for (int i = 0; i < 4; i++) write(results.at[i], (read(dys.at[i]) - mean - read(ys.at[i]) * projection) * inverse);
      ((Group*)result)[four] = results;
    }
    for (int i = 4 * grouped + threadIdx.x; i < width; i += blockDim.x) write(result[i], (read(gradient[i]) - mean - read(own[i]) * projection) * inverse);
    __syncthreads();
  }
}

extern "C" __global__ void standardize_gradient(float* dx, const float* y, const float* r, const float* dy, int rows, int width) { standardizeGradient(dx, y, r, dy, rows, width); }
extern "C" __global__ void standardize_gradient_half(unsigned short* dx, const unsigned short* y, const float* r, const unsigned short* dy, int rows, int width) { standardizeGradient(dx, y, r, dy, rows, width); }
