// Gradients of attention without scores in memory (as in FlashAttention-2, arXiv 2307.08691). Tensor cores compute the scores again, one tile at a
// time, with operands in TensorFloat-32 and sums in float32. The first of three kernels computes two numbers for each query: the logarithm of its sum
// of exponentials, and rowsum(dy output). The second computes the gradients of the queries, 64 in each block; the third those of keys and values, also
// 64 in each block. No two blocks add to the same value, so a repeated run is equal to the bit. Operands are [batch, length, heads * D]: heads need not
// be split. `half`: operands and results are float16.
// `npm run kernels` compiles this file for Ampere and later. test/fake-card runs it on the processor, with threads that wait for each other.

#include "common.cuh"

/** Rows of a block (sixteen for each of its warps), and columns of a tile. */
const int WARPS = 4, ROWS = 16 * WARPS, COLUMNS = 32, THREADS = 32 * WARPS;
/** Unused numbers between the rows of a tile in shared memory, so that neighbouring lanes read from different banks. */
const int GAP = 4;

/** A value that is less than any score. */
const float LOWEST = -3.0e38f;

struct Shape { int batch, heads, queries, keys; float scale; int half; };

#ifndef STAND_IN
/** A float32 number, rounded to TensorFloat-32. */
__device__ __forceinline__ unsigned int rounded(float value) {
  unsigned int bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(value));
  return bits;
}

/** sums [16, 8] += a [16, 8] b [8, 8]. The lanes of a warp share the matrices (PTX: mma.m16n8k8). */
__device__ __forceinline__ void multiplyAdd(float (&sums)[4], const unsigned int (&a)[4], unsigned int b0, unsigned int b1) {
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
#endif

/** Each lane holds the rows `group` and `group + 8` of its warp, and of each eight columns those of `pair`. */
__device__ __forceinline__ int group() { return threadIdx.x % 32 / 4; }
__device__ __forceinline__ int pair() { return threadIdx.x % 4; }

/** The sum, or the largest value, of the four lanes that share a row. */
__device__ __forceinline__ float sumOfRow(float value) {
  value += __shfl_xor_sync(0xffffffffu, value, 1);
  return value + __shfl_xor_sync(0xffffffffu, value, 2);
}
__device__ __forceinline__ float largestOfRow(float value) {
  value = fmaxf(value, __shfl_xor_sync(0xffffffffu, value, 1));
  return fmaxf(value, __shfl_xor_sync(0xffffffffu, value, 2));
}

/** One head of one sample: rows of D numbers, `stride` apart. */
struct Head {
  const void* values;
  long long start;
  int stride, length, half;
  __device__ __forceinline__ float at(int row, int column) const {
    if (row >= length) return 0;
    const long long place = start + (long long)row * stride + column;
    return half ? read(((const unsigned short*)values)[place]) : ((const float*)values)[place];
  }
};

template <int D> __device__ __forceinline__ Head headOf(const void* values, const Shape& shape, int head, int length) {
  const int width = shape.heads * D;
  return {values, ((long long)(head / shape.heads) * length) * width + head % shape.heads * D, width, length, shape.half};
}

/** The sixteen rows of a warp as left operands of products over D. */
template <int D> __device__ __forceinline__ void loadRows(unsigned int (&rows)[D / 8][4], const Head& head, int first) {
  #pragma unroll
  for (int k = 0; k < D / 8; k++)
    #pragma unroll
    for (int i = 0; i < 4; i++) rows[k][i] = rounded(head.at(first + group() + i % 2 * 8, 8 * k + pair() + i / 2 * 4));
}

/** Copies COLUMNS rows of a head into shared memory, together with the other threads of the block. */
template <int D> __device__ __forceinline__ void loadTile(unsigned int* tile, const Head& head, int first) {
  #pragma unroll 1
  for (int i = threadIdx.x; i < COLUMNS * D; i += THREADS) tile[i / D * (D + GAP) + i % D] = rounded(head.at(first + i / D, i % D));
}

/** sums [16, COLUMNS] = rows tile' */
template <int D> __device__ __forceinline__ void rowsByTile(float (&sums)[COLUMNS / 8][4], const unsigned int (&rows)[D / 8][4], const unsigned int* tile) {
  #pragma unroll
  for (int n = 0; n < COLUMNS / 8; n++) {
    #pragma unroll
    for (int i = 0; i < 4; i++) sums[n][i] = 0;
    const unsigned int* column = tile + (8 * n + group()) * (D + GAP) + pair();
    #pragma unroll
    for (int k = 0; k < D / 8; k++) multiplyAdd(sums[n], rows[k], column[8 * k], column[8 * k + 4]);
  }
}

/** sums [16, D] += weights [16, COLUMNS] tile. A product may be summed in any order, so each lane reads the rows of the tile whose weights it holds. */
template <int D> __device__ __forceinline__ void addWeighted(float (&sums)[D / 8][4], const float (&weights)[COLUMNS / 8][4], const unsigned int* tile) {
  #pragma unroll
  for (int k = 0; k < COLUMNS / 8; k++) {
    const unsigned int own[4] = {rounded(weights[k][0]), rounded(weights[k][2]), rounded(weights[k][1]), rounded(weights[k][3])};
    const unsigned int* row = tile + (8 * k + 2 * pair()) * (D + GAP) + group();
    #pragma unroll
    for (int n = 0; n < D / 8; n++) multiplyAdd(sums[n], own, row[8 * n], row[8 * n + D + GAP]);
  }
}

/** Writes sixteen rows of sums times `factor`, except those past the end of the head. */
template <int D> __device__ __forceinline__ void storeRows(void* results, const Head& place, int first, const float (&sums)[D / 8][4], float factor) {
  #pragma unroll
  for (int n = 0; n < D / 8; n++)
    #pragma unroll
    for (int i = 0; i < 4; i++) {
      const int row = first + group() + i / 2 * 8;
      if (row >= place.length) continue;
      const long long at = place.start + (long long)row * place.stride + 8 * n + 2 * pair() + i % 2;
      if (place.half) ((unsigned short*)results)[at] = narrowed(sums[n][i] * factor);
      else ((float*)results)[at] = sums[n][i] * factor;
    }
}

/** statistics [2, batch * heads, queries]: log(sum(exp(scale q k'))), and rowsum(dy output). */
template <int D> __device__ __forceinline__ void statisticsOf(float* statistics, const void* q, const void* k, const void* output, const void* dy, const Shape& shape) {
  __shared__ unsigned int tile[COLUMNS * (D + GAP)];
  const int tiles = (shape.queries + ROWS - 1) / ROWS, head = blockIdx.x / tiles, first = blockIdx.x % tiles * ROWS + threadIdx.x / 32 * 16;
  const Head keys = headOf<D>(k, shape, head, shape.keys), outputs = headOf<D>(output, shape, head, shape.queries), gradients = headOf<D>(dy, shape, head, shape.queries);
  unsigned int rows[D / 8][4];
  loadRows<D>(rows, headOf<D>(q, shape, head, shape.queries), first);
  float largest[2] = {LOWEST, LOWEST}, sum[2] = {0, 0}, product[2] = {0, 0};
  for (int start = 0; start < shape.keys; start += COLUMNS) {
    __syncthreads();
    loadTile<D>(tile, keys, start);
    __syncthreads();
    float scores[COLUMNS / 8][4];
    rowsByTile<D>(scores, rows, tile);
    #pragma unroll
    for (int half = 0; half < 2; half++) {
      float most = largest[half], part = 0;
      #pragma unroll
      for (int n = 0; n < COLUMNS / 8; n++)
        #pragma unroll
        for (int i = 0; i < 2; i++) {
          const bool isThere = start + 8 * n + 2 * pair() + i < shape.keys;
          scores[n][2 * half + i] = isThere ? scores[n][2 * half + i] * shape.scale : LOWEST;
          most = fmaxf(most, scores[n][2 * half + i]);
        }
      most = largestOfRow(most);
      #pragma unroll
      for (int n = 0; n < COLUMNS / 8; n++)
        #pragma unroll
        for (int i = 0; i < 2; i++) part += expf(scores[n][2 * half + i] - most);
      sum[half] = sum[half] * expf(largest[half] - most) + part;
      largest[half] = most;
    }
  }
  #pragma unroll
  for (int half = 0; half < 2; half++) {
    const int row = first + group() + 8 * half;
    #pragma unroll 1
    for (int column = pair(); column < D; column += 4) product[half] += outputs.at(row, column) * gradients.at(row, column);
    const float total = sumOfRow(sum[half]), projection = sumOfRow(product[half]);
    if (row >= shape.queries || pair() != 0) continue;
    statistics[(long long)head * shape.queries + row] = largest[half] + logf(total);
    statistics[((long long)shape.batch * shape.heads + head) * shape.queries + row] = projection;
  }
}

/**
 * With P = exp(scale q k' - logarithm) and dS = P (dy v' - rowsum(dy output)): dq = scale dS k, by rows of queries; dk = scale dS' q and dv = P' dy, by
 * rows of keys with transposed scores. `tiles` has the other factors of the products: keys and values, or queries and dy.
 */
template <int D, bool BY_KEY> __device__ __forceinline__ void gradientsOf(void* first, void* second, const Head (&rows)[2], const Head (&columns)[2], const float* statistics, int row, const Shape& shape, int head) {
  __shared__ unsigned int tiles[2][COLUMNS * (D + GAP)];
  const float *logarithms = statistics + (long long)head * shape.queries, *projections = logarithms + (long long)shape.batch * shape.heads * shape.queries;
  unsigned int left[2][D / 8][4];
  float sums[D / 8][4] = {}, values[D / 8][4] = {};
  #pragma unroll
  for (int i = 0; i < 2; i++) loadRows<D>(left[i], rows[i], row);
  for (int start = 0; start < columns[0].length; start += COLUMNS) {
    __syncthreads();
    #pragma unroll
    for (int i = 0; i < 2; i++) loadTile<D>(tiles[i], columns[i], start);
    __syncthreads();
    float weights[COLUMNS / 8][4], slopes[COLUMNS / 8][4];
    rowsByTile<D>(weights, left[0], tiles[0]);
    rowsByTile<D>(slopes, left[1], tiles[1]);
    #pragma unroll
    for (int n = 0; n < COLUMNS / 8; n++)
      #pragma unroll
      for (int i = 0; i < 4; i++) {
        const int ownRow = row + group() + i / 2 * 8, column = start + 8 * n + 2 * pair() + i % 2, query = BY_KEY ? column : ownRow;
        const bool isThere = column < columns[0].length && query < shape.queries;
        weights[n][i] = isThere ? expf(weights[n][i] * shape.scale - logarithms[query]) : 0;
        slopes[n][i] = isThere ? weights[n][i] * (slopes[n][i] - projections[query]) : 0;
      }
    addWeighted<D>(sums, slopes, tiles[0]);
    if (BY_KEY) addWeighted<D>(values, weights, tiles[1]);
  }
  storeRows<D>(first, rows[0], row, sums, shape.scale);
  if (BY_KEY) storeRows<D>(second, rows[1], row, values, 1);
}

template <int D> __device__ __forceinline__ void queryGradients(void* dq, const void* q, const void* k, const void* v, const void* dy, const float* statistics, const Shape& shape) {
  const int tiles = (shape.queries + ROWS - 1) / ROWS, head = blockIdx.x / tiles;
  const Head rows[2] = {headOf<D>(q, shape, head, shape.queries), headOf<D>(dy, shape, head, shape.queries)};
  const Head columns[2] = {headOf<D>(k, shape, head, shape.keys), headOf<D>(v, shape, head, shape.keys)};
  gradientsOf<D, false>(dq, 0, rows, columns, statistics, blockIdx.x % tiles * ROWS + threadIdx.x / 32 * 16, shape, head);
}

template <int D> __device__ __forceinline__ void keyGradients(void* dk, void* dv, const void* q, const void* k, const void* v, const void* dy, const float* statistics, const Shape& shape) {
  const int tiles = (shape.keys + ROWS - 1) / ROWS, head = blockIdx.x / tiles;
  const Head rows[2] = {headOf<D>(k, shape, head, shape.keys), headOf<D>(v, shape, head, shape.keys)};
  const Head columns[2] = {headOf<D>(q, shape, head, shape.queries), headOf<D>(dy, shape, head, shape.queries)};
  gradientsOf<D, true>(dk, dv, rows, columns, statistics, blockIdx.x % tiles * ROWS + threadIdx.x / 32 * 16, shape, head);
}

#define KERNELS(D) \
  extern "C" __global__ void __launch_bounds__(THREADS) attention_statistics_##D(float* statistics, const void* q, const void* k, const void* output, const void* dy, Shape shape) { statisticsOf<D>(statistics, q, k, output, dy, shape); } \
  extern "C" __global__ void __launch_bounds__(THREADS) attention_queries_##D(void* dq, const void* q, const void* k, const void* v, const void* dy, const float* statistics, Shape shape) { queryGradients<D>(dq, q, k, v, dy, statistics, shape); } \
  extern "C" __global__ void __launch_bounds__(THREADS) attention_keys_##D(void* dk, void* dv, const void* q, const void* k, const void* v, const void* dy, const float* statistics, Shape shape) { keyGradients<D>(dk, dv, q, k, v, dy, statistics, shape); }

KERNELS(40)
KERNELS(64)
KERNELS(80)
