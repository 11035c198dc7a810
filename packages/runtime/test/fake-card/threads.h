// Threads of a card on the processor, for kernels whose threads wait for each other: each thread of a block is a context of its own, and goes on where it
// waited. Shuffles and tensor cores exchange values through memory that a warp shares.
#include <ucontext.h>
#include <vector>

#define STAND_IN
#define __global__
#define __device__
#define __forceinline__ inline
#define __shared__ static
#define __launch_bounds__(threads)
#define __align__(bytes) alignas(bytes)
struct Dimensions { unsigned int x; };
static Dimensions blockIdx, blockDim, threadIdx, gridDim;

struct Barrier { unsigned int arrived, generation; };
struct Fiber { ucontext_t context; std::vector<char> stack; bool isDone; };
static std::vector<Fiber> fibers;
static ucontext_t scheduler;
static Barrier blockBarrier, warpBarriers[32];
static float exchanged[32][32][6];

/** Lets the other threads run until all of `threads` have come here. */
static void waitAt(Barrier& barrier, unsigned int threads) {
  const unsigned int own = barrier.generation, thread = threadIdx.x;
  if (++barrier.arrived == threads) { barrier.arrived = 0; barrier.generation++; return; }
  while (barrier.generation == own) swapcontext(&fibers[thread].context, &scheduler);
}
static void __syncthreads() { waitAt(blockBarrier, blockDim.x); }
static void waitForWarp() { waitAt(warpBarriers[threadIdx.x / 32], 32); }

static float __shfl_xor_sync(unsigned int, float value, int mask) {
  auto& warp = exchanged[threadIdx.x / 32];
  warp[threadIdx.x % 32][0] = value;
  waitForWarp();
  const float other = warp[threadIdx.x % 32 ^ mask][0];
  waitForWarp();
  return other;
}

static void (*running)(void** cells);
static void** runningCells;
static void runFiber(int thread) { running(runningCells); fibers[thread].isDone = true; swapcontext(&fibers[thread].context, &scheduler); }

/** Runs one block; threads take turns. */
static void runTogether(void (*kernel)(void**), void** cells) {
  running = kernel; runningCells = cells;
  if (fibers.size() < blockDim.x) fibers.resize(blockDim.x);
  for (unsigned int i = 0; i < blockDim.x; i++) {
    Fiber& fiber = fibers[i];
    fiber.stack.resize(1 << 17);
    fiber.isDone = false;
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.data();
    fiber.context.uc_stack.ss_size = fiber.stack.size();
    makecontext(&fiber.context, (void (*)())runFiber, 1, i);
  }
  for (bool going = true; going;) {
    going = false;
    for (unsigned int i = 0; i < blockDim.x; i++)
      if (!fibers[i].isDone) { going = true; threadIdx.x = i; swapcontext(&scheduler, &fibers[i].context); }
  }
}

static inline float __uint_as_float(unsigned int bits) { float value; memcpy(&value, &bits, 4); return value; }
static inline unsigned int __float_as_uint(float value) { unsigned int bits; memcpy(&bits, &value, 4); return bits; }
static inline unsigned short narrowed(float value) { const _Float16 half = (_Float16)value; unsigned short bits; memcpy(&bits, &half, 2); return bits; }
static inline float read(unsigned short stored) { _Float16 half; memcpy(&half, &stored, 2); return (float)half; }
/** To the ten bits of TensorFloat-32, halves away from zero; or not at all, to tell rounding from mistakes. */
static bool rounds = true;
static inline unsigned int rounded(float value) { return rounds ? (__float_as_uint(value) + 0x1000u) & ~0x1fffu : __float_as_uint(value); }

/** What mma.m16n8k8 does: lanes give parts of both operands and get parts of the sums. */
static void multiplyAdd(float (&sums)[4], const unsigned int (&a)[4], unsigned int b0, unsigned int b1) {
  auto& warp = exchanged[threadIdx.x / 32];
  const unsigned int own[6] = {a[0], a[1], a[2], a[3], b0, b1};
  const int lane = threadIdx.x % 32;
  for (int i = 0; i < 6; i++) warp[lane][i] = __uint_as_float(own[i]);
  waitForWarp();
  for (int i = 0; i < 4; i++) {
    const int row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
    for (int k = 0; k < 8; k++) sums[i] += warp[row % 8 * 4 + k % 4][row / 8 + k / 4 * 2] * warp[column * 4 + k % 4][4 + k / 4];
  }
  waitForWarp();
}
