// A stand-in for one NVIDIA card, for tests on machines without one: the functions of CUDA's runtime and driver that the engine calls, over ordinary
// memory. The engine's own kernels (cuda/*.cu) are compiled for the processor and really run, thread by thread. Memory is limited, accesses to
// memory that was freed fault, and everything is counted. Built by fake-card.ts.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <sys/mman.h>
#include <map>
#include <string>
#include <utility>

#include "threads.h"
#include "../../cuda/optimizer.cu"
#include "../../cuda/gradients.cu"
#include "../../cuda/attention.cu"

struct Block { size_t bytes; int card; };
static std::map<uint64_t, Block> blocks;
static int current, driverVersion = 12000, cardCapability = 90, countFailure;
static size_t used, limit = (size_t)1 << 32;
struct Counts { int64_t launches, allocations, frees, uploads, uploadedBytes, downloads, downloadedBytes, waits; };
static Counts counts;

typedef void (*Call)(void** cells);
struct Kernel { Call call; bool waits; };
/** A kernel as a function of where its arguments are. */
template <auto F> struct Called;
template <class... A, void (*F)(A...)> struct Called<F> {
  template <size_t... I> static void with(void** cells, std::index_sequence<I...>) { F(*(A*)cells[I]...); }
  static void call(void** cells) { with(cells, std::index_sequence_for<A...>{}); }
};
/** Kernels by name; those whose threads wait for each other run as contexts of their own. */
#define ALONE(name) {#name, {Called<name>::call, false}}
#define TOGETHER(name) {#name, {Called<name>::call, true}}
#define ATTENTION(D) TOGETHER(attention_statistics_##D), TOGETHER(attention_queries_##D), TOGETHER(attention_keys_##D)
static const std::map<std::string, Kernel>& kernels() {
  static const std::map<std::string, Kernel> all = {
    ALONE(adamw), ALONE(adamw_bfloat16), ALONE(narrow), ALONE(add_gradients), ALONE(move_towards), ALONE(sum_of_squares), ALONE(add_partials),
    ALONE(silu_gradient), ALONE(silu_gradient_half), ALONE(gelu_gradient), ALONE(gelu_gradient_half),
    TOGETHER(standardize_gradient), TOGETHER(standardize_gradient_half), ATTENTION(40), ATTENTION(64), ATTENTION(80)};
  return all;
}

enum { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NO_DEVICE = 100, INVALID_DEVICE = 101, INVALID_IMAGE = 200, NOT_FOUND = 500 };
static int cards = 1;

extern "C" {
void card_reset(int64_t bytes, int count) { limit = used + bytes; cards = count; counts = {}; driverVersion = 12000; cardCapability = 90; countFailure = 0; rounds = true; }
void card_round(int does) { rounds = does; }
/** What the machine is like: the driver's version, the card's compute capability, what counting the cards fails with. */
void card_be(int driver, int capability, int failure) { driverVersion = driver; cardCapability = capability; countFailure = failure; }
/** Whether memory of this card is used by what is done on the current one. */
static bool isElsewhere(const void* address) {
  auto block = blocks.upper_bound((uint64_t)address);
  if (block == blocks.begin()) return false;
  --block;
  return (uint64_t)address < block->first + block->second.bytes && block->second.card != current;
}
void card_counts(int64_t* result) { memcpy(result, &counts, sizeof counts); result[8] = used; }

int cudaGetDeviceCount(int* count) { if (countFailure) return countFailure; *count = cards; return cards > 0 ? SUCCESS : NO_DEVICE; }
int cudaGetLastError() { return SUCCESS; }
int cudaSetDevice(int index) { if (index >= cards) return INVALID_DEVICE; current = index; return SUCCESS; }
int cudaDriverGetVersion(int* version) { *version = driverVersion; return SUCCESS; }
int cudaRuntimeGetVersion(int* version) { *version = 12000; return SUCCESS; }
int cudaDeviceGetAttribute(int* value, int attribute, int) { *value = attribute == 75 ? cardCapability / 10 : cardCapability % 10; return SUCCESS; }
int cudaMemGetInfo(size_t* free, size_t* total) { *free = limit - used; *total = limit; return SUCCESS; }
int cudaMalloc(void** address, size_t bytes) {
  bytes = (bytes + 4095) & ~(size_t)4095;
  if (used + bytes > limit) return OUT_OF_MEMORY;
  void* memory = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return OUT_OF_MEMORY;
  memset(memory, 0xff, bytes);  // a card's memory is not zeroed
  blocks[(uint64_t)memory] = {bytes, current}; used += bytes; counts.allocations++; *address = memory;
  return SUCCESS;
}
int cudaFree(void* address) {
  if (!address) return SUCCESS;
  auto block = blocks.find((uint64_t)address);
  if (block == blocks.end()) return INVALID_VALUE;
  if (block->second.card != current) return INVALID_VALUE;
  munmap(address, block->second.bytes); used -= block->second.bytes; blocks.erase(block); counts.frees++;
  return SUCCESS;
}
int cudaMemcpyAsync(void* to, const void* from, size_t bytes, int kind, void*) {
  if (isElsewhere(to) || isElsewhere(from)) return INVALID_VALUE;
  memcpy(to, from, bytes);
  if (kind == 1) { counts.uploads++; counts.uploadedBytes += bytes; }
  if (kind == 2) { counts.downloads++; counts.downloadedBytes += bytes; }
  return SUCCESS;
}
int cudaMemsetAsync(void* address, int value, size_t bytes, void*) { memset(address, value, bytes); return SUCCESS; }
int cudaStreamCreateWithFlags(void** stream, unsigned int) { *stream = (void*)0x10; return SUCCESS; }
int cudaStreamSynchronize(void*) { counts.waits++; return SUCCESS; }
const char* cudaGetErrorString(int code) { return code == OUT_OF_MEMORY ? "out of memory" : code == INVALID_DEVICE ? "invalid device ordinal" : "failed"; }
int cuDeviceGet(int* device, int index) { *device = index; return SUCCESS; }
int cuDeviceGetName(char* name, int, int index) { strcpy(name, index == 0 ? "First Card" : "Second Card"); return SUCCESS; }
int cuModuleLoadData(void** module, const char* image) { if (strncmp(image, ".version 8.0\n.target sm_", 24) != 0 || atoi(image + 24) > cardCapability) return INVALID_IMAGE; *module = (void*)0x20; return SUCCESS; }
int cuModuleGetFunction(void** function, void*, const char* name) { auto found = kernels().find(name); if (found == kernels().end()) return NOT_FOUND; *function = (void*)&found->second; return SUCCESS; }
int cuLaunchKernel(void* function, unsigned int grid, unsigned int, unsigned int, unsigned int block, unsigned int, unsigned int, unsigned int, void*, void** cells, void**) {
  counts.launches++;
  if (isElsewhere(*(void**)cells[0])) return INVALID_VALUE;
  gridDim.x = grid; blockDim.x = block;
  const Kernel& kernel = *(const Kernel*)function;
  for (blockIdx.x = 0; blockIdx.x < grid; blockIdx.x++) {
    if (kernel.waits) runTogether(kernel.call, cells);
    else for (threadIdx.x = 0; threadIdx.x < block; threadIdx.x++) kernel.call(cells);
  }
  return SUCCESS;
}
}
