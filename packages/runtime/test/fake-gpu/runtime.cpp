// A CUDA runtime (libcudart) without a card, for onnxruntime's real CUDA provider: memory is reserved address space, kernels do nothing, everything is
// counted, and what CUDA forbids while a stream is recorded is refused. Functions take only the arguments that they read; a caller passes the others in
// registers that nobody looks at. Layouts and numbers are those of CUDA 13 (driver_types.h). Built by fake-gpu.ts.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <algorithm>
#include <map>
#include <mutex>
#include <string>

enum { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, CAPTURE_UNSUPPORTED = 900 };
typedef void* Pointer;

static std::mutex mutex;
static std::map<char*, size_t> blocks;
static size_t used, peak, limit = (size_t)80 << 30;
static std::map<std::string, int64_t> calls;
static std::map<const void*, std::string> kernelNames;
static bool recording;
static thread_local int last;

#define EXPORT extern "C" __attribute__((visibility("default")))
#define OK(name) EXPORT int name() { return SUCCESS; }
#define COUNTED(name) EXPORT int name() { count(#name); return SUCCESS; }

static void count(const char* name, int64_t by = 1) { std::lock_guard<std::mutex> lock(mutex); calls[name] += by; }
EXPORT void fakegpu_count(const char* name) { count(name); }
EXPORT void fakegpu_launch(const char* name) { count("launch"); count((std::string("launch ") + name).c_str()); if (recording) count("recorded"); }
EXPORT void fakegpu_reset(int64_t bytes) { std::lock_guard<std::mutex> lock(mutex); calls.clear(); peak = used; if (bytes > 0) limit = used + bytes; }
/** Counts as lines of a number and a name. */
EXPORT int fakegpu_report(char* text, int room) {
  std::lock_guard<std::mutex> lock(mutex);
  calls["used bytes"] = used; calls["peak bytes"] = peak;
  std::string all;
  for (auto& call : calls) all += std::to_string(call.second) + " " + call.first + "\n";
  snprintf(text, room, "%s", all.c_str());
  return all.size();
}
static int forbidden(const char* name) {
  if (!recording) return SUCCESS;
  count((std::string("forbidden ") + name).c_str());
  return last = CAPTURE_UNSUPPORTED;
}

EXPORT int cudaGetDeviceCount(int* n) { *n = 1; return SUCCESS; }
EXPORT int cudaGetDevice(int* index) { *index = 0; return SUCCESS; }
EXPORT int cudaDriverGetVersion(int* version) { *version = 13000; return SUCCESS; }
EXPORT int cudaRuntimeGetVersion(int* version) { *version = 13000; return SUCCESS; }
OK(cudaSetDevice)

struct Field { int offset; int64_t value; int bytes; };
/** struct cudaDeviceProp of an H100. */
static const Field PROPERTIES[] = {
  {296, 49152, 8}, {672, 232448, 8}, {624, 233472, 8}, {304, 65536, 4}, {632, 65536, 4}, {308, 32, 4}, {320, 1024, 4}, {604, 2048, 4}, {324, 1024, 4}, {328, 1024, 4}, {332, 64, 4},
  {336, 2147483647, 4}, {340, 65535, 4}, {344, 65535, 4}, {360, 9, 4}, {364, 0, 4}, {384, 132, 4}, {596, 52428800, 4}, {688, 32, 4}, {592, 5120, 4}, {560, 1, 4}, {588, 1, 4},
  {636, 1, 4}, {668, 1, 4}, {352, 65536, 8}, {720, 1, 4}, {368, 512, 8}, {584, 3, 4}};
EXPORT int cudaGetDeviceProperties(char* properties) {
  memset(properties, 0, 1008);
  strcpy(properties, "Fake H100");
  memcpy(properties + 288, &limit, 8);
  for (auto& field : PROPERTIES) memcpy(properties + field.offset, &field.value, field.bytes);
  return SUCCESS;
}
EXPORT int cudaDeviceGetAttribute(int* value, int attribute) {
  static const std::map<int, int> values = {{1, 1024}, {2, 1024}, {5, 2147483647}, {8, 49152}, {10, 32}, {12, 65536}, {16, 132}, {38, 52428800}, {39, 2048}, {75, 9}, {76, 0}, {81, 233472}, {95, 1}, {97, 232448}, {115, 1}};
  auto found = values.find(attribute);
  *value = found == values.end() ? 0 : found->second;
  return SUCCESS;
}

EXPORT int cudaMalloc(Pointer* address, size_t bytes) {
  count("cudaMalloc");
  if (forbidden("cudaMalloc")) return CAPTURE_UNSUPPORTED;
  std::lock_guard<std::mutex> lock(mutex);
  bytes = (std::max(bytes, (size_t)1) + 4095) & ~(size_t)4095;
  Pointer memory = used + bytes > limit ? MAP_FAILED : mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return last = OUT_OF_MEMORY;
  blocks[(char*)memory] = bytes; used += bytes; peak = std::max(peak, used); *address = memory;
  return SUCCESS;
}
EXPORT int cudaFree(Pointer address) {
  if (!address) return SUCCESS;
  if (forbidden("cudaFree")) return CAPTURE_UNSUPPORTED;
  std::lock_guard<std::mutex> lock(mutex);
  auto block = blocks.find((char*)address);
  if (block == blocks.end()) return last = INVALID_VALUE;
  munmap(address, block->second); used -= block->second; blocks.erase(block);
  return SUCCESS;
}
static bool isOnDevice(const void* address) {
  std::lock_guard<std::mutex> lock(mutex);
  auto block = blocks.upper_bound((char*)address);
  if (block == blocks.begin()) return false;
  --block;
  return (char*)address < block->first + block->second;
}
EXPORT int cudaMallocHost(Pointer* address, size_t bytes) { *address = malloc(bytes + 1); return SUCCESS; }
EXPORT int cudaHostAlloc(Pointer* address, size_t bytes) { *address = malloc(bytes + 1); return SUCCESS; }
EXPORT int cudaFreeHost(Pointer address) { free(address); return SUCCESS; }
EXPORT int cudaFreeAsync(Pointer address) { return cudaFree(address); }
EXPORT int cudaMallocFromPoolAsync(Pointer* address, size_t bytes) { return cudaMalloc(address, bytes); }
EXPORT int cudaMemPoolCreate(Pointer* pool) { *pool = (Pointer)0x77; return SUCCESS; }
EXPORT int cudaMemPoolGetAttribute(Pointer, int, int64_t* value) { *value = 0; return SUCCESS; }
OK(cudaMemPoolDestroy) OK(cudaMemPoolSetAttribute) OK(cudaMemPoolTrimTo)
EXPORT int cudaMemGetInfo(size_t* free, size_t* total) { *total = limit; *free = limit - used; return SUCCESS; }

/** Large blocks would fill this machine's memory: their copies are counted and not made. */
static const size_t COPIED = 1 << 16;
static int copy(Pointer to, const void* from, size_t bytes) {
  const char* kind = isOnDevice(to) ? (isOnDevice(from) ? "device to device" : "to device") : isOnDevice(from) ? "to host" : "on host";
  count((std::string("copy ") + kind).c_str());
  count((std::string("bytes ") + kind).c_str(), bytes);
  if (recording) count("recorded");
  if (bytes <= COPIED) memmove(to, from, bytes);
  else if (!isOnDevice(to)) memset(to, 0, bytes);
  return SUCCESS;
}
EXPORT int cudaMemcpy(Pointer to, const void* from, size_t bytes) { return forbidden("cudaMemcpy") ? CAPTURE_UNSUPPORTED : copy(to, from, bytes); }
EXPORT int cudaMemcpyAsync(Pointer to, const void* from, size_t bytes) { return copy(to, from, bytes); }
EXPORT int cudaMemcpyFromSymbol(Pointer to, const void*, size_t bytes) { memset(to, 0, bytes); return SUCCESS; }
EXPORT int cudaMemset(Pointer address, int value, size_t bytes) { if (bytes <= COPIED) memset(address, value, bytes); return forbidden("cudaMemset"); }
EXPORT int cudaMemsetAsync(Pointer address, int value, size_t bytes) { if (bytes <= COPIED) memset(address, value, bytes); return SUCCESS; }
COUNTED(cudaMemcpy2DAsync)
/** struct cudaPointerAttributes: type, device, and both addresses. */
EXPORT int cudaPointerGetAttributes(char* attributes, Pointer address) {
  const bool there = isOnDevice(address);
  memset(attributes, 0, 88);
  *(int*)attributes = there ? 2 : 0;
  *(Pointer*)(attributes + (there ? 8 : 16)) = address;
  return SUCCESS;
}

static int64_t next = 0x1000;
static int make(Pointer* handle) { *handle = (Pointer)(next += 16); return SUCCESS; }
EXPORT int cudaStreamCreateWithFlags(Pointer* stream) { return make(stream); }
EXPORT int cudaStreamCreate(Pointer* stream) { return make(stream); }
EXPORT int cudaEventCreateWithFlags(Pointer* event) { return make(event); }
EXPORT int cudaEventCreate(Pointer* event) { return make(event); }
OK(cudaStreamDestroy) OK(cudaEventDestroy) OK(cudaEventRecord) OK(cudaEventElapsedTime) OK(cudaStreamWaitEvent) OK(cudaGraphDestroy) OK(cudaGraphExecDestroy)
static int wait(const char* name) { count("wait"); return forbidden(name); }
EXPORT int cudaStreamSynchronize() { return wait("cudaStreamSynchronize"); }
EXPORT int cudaDeviceSynchronize() { return wait("cudaDeviceSynchronize"); }
EXPORT int cudaEventSynchronize() { return wait("cudaEventSynchronize"); }
EXPORT int cudaStreamBeginCapture() { count("recordings"); recording = true; return SUCCESS; }
EXPORT int cudaStreamEndCapture(Pointer, Pointer* graph) { recording = false; return make(graph); }
EXPORT int cudaStreamIsCapturing(Pointer, int* status) { *status = recording ? 1 : 0; return SUCCESS; }
EXPORT int cudaGraphInstantiate(Pointer* executable) { return make(executable); }
COUNTED(cudaGraphLaunch)

EXPORT const char* cudaGetErrorName(int code) { return code == OUT_OF_MEMORY ? "cudaErrorMemoryAllocation" : "cudaError"; }
EXPORT const char* cudaGetErrorString(int code) { return code == OUT_OF_MEMORY ? "out of memory" : code == CAPTURE_UNSUPPORTED ? "operation not permitted when stream is capturing" : "failed"; }
EXPORT int cudaGetLastError() { const int code = last; last = SUCCESS; return code; }
EXPORT int cudaPeekAtLastError() { return last; }
/** struct cudaFuncAttributes: sizes, then threads, registers, versions. */
EXPORT int cudaFuncGetAttributes(char* attributes) {
  static const Field fields[] = {{24, 1024, 4}, {28, 64, 4}, {32, 90, 4}, {36, 90, 4}, {44, 232448, 4}};
  memset(attributes, 0, 144);
  for (auto& field : fields) memcpy(attributes + field.offset, &field.value, field.bytes);
  return SUCCESS;
}
OK(cudaFuncSetAttribute) OK(cudaKernelSetAttributeForDevice) OK(cudaLibraryUnload)
EXPORT int cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks) { *blocks = 2; return SUCCESS; }
static int launch(const void* kernel) { auto name = kernelNames.find(kernel); fakegpu_launch(name == kernelNames.end() ? "?" : name->second.c_str()); return SUCCESS; }
EXPORT int cudaLaunchKernel(const void* kernel) { return launch(kernel); }
EXPORT int __cudaLaunchKernel(const void* kernel) { return launch(kernel); }
EXPORT int cudaLaunchCooperativeKernel(const void* kernel) { return launch(kernel); }
EXPORT int cudaLaunchKernelExC(const void*, const void* kernel) { return launch(kernel); }
EXPORT int __cudaGetKernel(const void** kernel, const void* function) { *kernel = function; return SUCCESS; }
EXPORT int cudaLaunchHostFunc(Pointer, void (*function)(Pointer), Pointer data) { function(data); return SUCCESS; }
EXPORT int cudaLibraryLoadData(Pointer* library) { return make(library); }
EXPORT int cudaLibraryGetKernel(Pointer* kernel) { return make(kernel); }
static int nothing() { return SUCCESS; }
EXPORT int cudaGetDriverEntryPointByVersion(const char*, Pointer* function, unsigned, unsigned long long, int* result) { *function = (Pointer)nothing; if (result) *result = 0; return SUCCESS; }
EXPORT Pointer __cudaRegisterFatBinary() { static Pointer handle; return &handle; }
OK(__cudaRegisterFatBinaryEnd) OK(__cudaUnregisterFatBinary) OK(__cudaRegisterVar)
EXPORT void __cudaRegisterFunction(Pointer, const void* host, char*, const char* device) { std::lock_guard<std::mutex> lock(mutex); kernelNames[host] = device; }
struct Size { unsigned x, y, z; };
static thread_local struct { Size grid, block; size_t shared; Pointer stream; } pushed;
EXPORT unsigned __cudaPushCallConfiguration(Size grid, Size block, size_t shared, Pointer stream) { pushed = {grid, block, shared, stream}; return 0; }
EXPORT int __cudaPopCallConfiguration(Size* grid, Size* block, size_t* shared, Pointer* stream) { *grid = pushed.grid; *block = pushed.block; *shared = pushed.shared; *stream = pushed.stream; return SUCCESS; }
