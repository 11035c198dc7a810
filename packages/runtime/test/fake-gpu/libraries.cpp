// cuBLAS, cuBLASLt, cuDNN, cuRAND and the driver without a card: products and convolutions are counted and not computed. One of them is compiled at a time
// (-DCUBLAS and so on), each under the name that onnxruntime's CUDA provider asks for. Numbers are those of cuDNN 9 (cudnn_graph.h).
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <map>
#include <vector>
#define EXPORT extern "C" __attribute__((visibility("default")))
#define OK(name) EXPORT int name() { return 0; }
#define LAUNCH(name) EXPORT int name() { fakegpu_launch(#name); return 0; }
#define CREATE(name) EXPORT int name(void** handle) { *handle = malloc(64); return 0; }
extern "C" void fakegpu_launch(const char* name);

#ifdef CUBLAS
CREATE(cublasCreate_v2)
EXPORT int cublasGetMathMode(void*, int* mode) { *mode = 0; return 0; }
EXPORT const char* cublasGetStatusName() { return "fake"; }
EXPORT const char* cublasGetStatusString() { return "fake"; }
OK(cublasDestroy_v2) OK(cublasSetStream_v2) OK(cublasSetMathMode)
LAUNCH(cublasScopy_v2) LAUNCH(cublasDcopy_v2) LAUNCH(cublasSscal_v2) LAUNCH(cublasSgeam) LAUNCH(cublasDgeam) LAUNCH(cublasSgemm_v2) LAUNCH(cublasDgemm_v2)
LAUNCH(cublasSgemmBatched) LAUNCH(cublasDgemmBatched) LAUNCH(cublasSgemmStridedBatched) LAUNCH(cublasDgemmStridedBatched)
LAUNCH(cublasGemmEx) LAUNCH(cublasGemmBatchedEx) LAUNCH(cublasGemmStridedBatchedEx)
LAUNCH(cublasSgetrfBatched) LAUNCH(cublasDgetrfBatched) LAUNCH(cublasSgetriBatched) LAUNCH(cublasDgetriBatched)
#endif

#ifdef CUBLASLT
CREATE(cublasLtCreate) CREATE(cublasLtMatmulDescCreate) CREATE(cublasLtMatmulPreferenceCreate) CREATE(cublasLtMatrixLayoutCreate) CREATE(cublasLtMatrixTransformDescCreate)
OK(cublasLtDestroy) OK(cublasLtMatmulAlgoConfigSetAttribute) OK(cublasLtMatmulAlgoInit) OK(cublasLtMatmulDescDestroy) OK(cublasLtMatmulDescSetAttribute)
OK(cublasLtMatmulPreferenceDestroy) OK(cublasLtMatmulPreferenceSetAttribute) OK(cublasLtMatrixLayoutDestroy) OK(cublasLtMatrixLayoutSetAttribute) OK(cublasLtMatrixTransformDescDestroy)
LAUNCH(cublasLtMatmul) LAUNCH(cublasLtMatrixTransform)
EXPORT int cublasLtMatmulAlgoGetHeuristic(void*, void*, void*, void*, void*, void*, void*, int, void* results, int* found) { memset(results, 0, 96); *found = 1; return 0; }
#endif

#ifdef CURAND
CREATE(curandCreateGenerator)
OK(curandDestroyGenerator) OK(curandSetStream) OK(curandSetPseudoRandomGeneratorSeed) OK(curandGenerateUniform) OK(curandGenerateNormal) OK(curandSetGeneratorOffset)
#endif

#ifdef DRIVER
#include <stdio.h>
EXPORT int cuDeviceGet(int* device, int index) { *device = index; return 0; }
OK(cuTensorMapEncodeTiled) OK(cuInit) OK(cuCtxSetCurrent)
EXPORT int cuModuleLoadData(void** module, const char* code) { *module = (void*)0x12; return strncmp(code, ".version ", 9) == 0 ? 0 : 200; }
EXPORT int cuDriverGetVersion(int* version) { *version = 13000; return 0; }
EXPORT int cuDeviceGetCount(int* count) { *count = 1; return 0; }
EXPORT int cuDeviceGetName(char* name, int size, int) { snprintf(name, size, "NVIDIA stand-in"); return 0; }
EXPORT int cuDeviceTotalMem_v2(size_t* bytes, int) { *bytes = 80ULL << 30; return 0; }
EXPORT int cuDeviceGetAttribute(int* value, int attribute, int) { *value = attribute == 75 ? 9 : 0; return 0; }
static std::vector<char*> names;
EXPORT int cuModuleGetFunction(void** function, void*, const char* name) { names.push_back(strdup(name)); *function = names.back(); return 0; }
EXPORT int cuLaunchKernel(const char* function) { char name[96]; snprintf(name, sizeof name, "own %s", function); fakegpu_launch(name); return 0; }
#endif

#ifdef CUDNN
enum { ENGINE_CONFIG_ENGINE = 300, CONFIG_WORKSPACE = 303, CONFIG_SHARED_MEMORY = 304, HEURISTIC_GRAPH = 201, HEURISTIC_RESULTS = 202, ENGINE_INDEX = 1301, ENGINE_GRAPH = 1300, PLAN_CONFIG = 401, PLAN_WORKSPACE = 402, GRAPH_OPERATIONS = 801 };
enum { ENGINE = 2, FORWARD = 10, BACKWARD_DATA = 12, POINTWISE = 13 };
struct Descriptor { int type; std::map<int, std::vector<char>> attributes; };
static size_t bytesOf(int type) { return type == 0 || type == 3 || type == 5 || type == 6 || type == 15 ? 8 : type == 2 || type == 24 ? 1 : 4; }
static Descriptor* referred(Descriptor* from, int attribute, size_t i = 0) {
  auto& value = from->attributes[attribute];
  return value.size() < 8 * (i + 1) ? nullptr : ((Descriptor**)value.data())[i];
}
CREATE(cudnnCreate)
OK(cudnnDestroy) OK(cudnnSetStream) OK(cudnnBackendDestroyDescriptor) OK(cudnnBackendFinalize)
EXPORT int cudnnGetStream(void*, void** stream) { *stream = 0; return 0; }
EXPORT size_t cudnnGetVersion() { return 91900; }
EXPORT const char* cudnnGetErrorString() { return "fake"; }
EXPORT void cudnnGetLastErrorString(char* text, size_t room) { if (room) *text = 0; }
EXPORT int cudnnBackendCreateDescriptor(int type, Descriptor** descriptor) { *descriptor = new Descriptor{type}; return 0; }
EXPORT int cudnnBackendSetAttribute(Descriptor* descriptor, int name, int type, int64_t count, const char* value) { descriptor->attributes[name].assign(value, value + bytesOf(type) * count); return 0; }
EXPORT int cudnnBackendGetAttribute(Descriptor* descriptor, int name, int type, int64_t wanted, int64_t* given, char* value) {
  if (given) *given = 1;
  const bool writes = value && wanted > 0;
  if (name == HEURISTIC_RESULTS) {
    if (!writes) return 0;
    auto engine = new Descriptor{ENGINE};
    engine->attributes[ENGINE_GRAPH] = descriptor->attributes[HEURISTIC_GRAPH];
    (*(Descriptor**)value)->attributes[ENGINE_CONFIG_ENGINE].assign((char*)&engine, (char*)&engine + 8);
  } else if (name == ENGINE_CONFIG_ENGINE) {
    auto engine = referred(descriptor, ENGINE_CONFIG_ENGINE);
    if (writes && engine) (*(Descriptor**)value)->attributes = engine->attributes;
  } else if (name == PLAN_WORKSPACE || name == CONFIG_WORKSPACE || name == CONFIG_SHARED_MEMORY || name == ENGINE_INDEX) {
    if (value) memset(value, 0, bytesOf(type));
  } else {
    auto& found = descriptor->attributes[name];
    const int64_t count = found.size() / bytesOf(type);
    if (given) *given = count;
    if (writes) memcpy(value, found.data(), bytesOf(type) * (wanted < count ? wanted : count));
  }
  return 0;
}
EXPORT int cudnnBackendExecute(void*, Descriptor* plan) {
  auto config = referred(plan, PLAN_CONFIG);
  auto engine = config ? referred(config, ENGINE_CONFIG_ENGINE) : nullptr;
  auto graph = engine ? referred(engine, ENGINE_GRAPH) : nullptr;
  const char* name = "cudnn";
  for (size_t i = 0; graph && i < graph->attributes[GRAPH_OPERATIONS].size() / 8; i++) {
    const int type = referred(graph, GRAPH_OPERATIONS, i)->type;
    if (type == FORWARD) name = "cudnn forward";
    if (type == BACKWARD_DATA) name = "cudnn backward data";
  }
  fakegpu_launch(name);
  return 0;
}
CREATE(cudnnCreateActivationDescriptor) CREATE(cudnnCreateConvolutionDescriptor) CREATE(cudnnCreateDropoutDescriptor) CREATE(cudnnCreateFilterDescriptor) CREATE(cudnnCreateLRNDescriptor)
CREATE(cudnnCreatePoolingDescriptor) CREATE(cudnnCreateRNNDataDescriptor) CREATE(cudnnCreateRNNDescriptor) CREATE(cudnnCreateReduceTensorDescriptor) CREATE(cudnnCreateTensorDescriptor)
OK(cudnnDestroyActivationDescriptor) OK(cudnnDestroyConvolutionDescriptor) OK(cudnnDestroyDropoutDescriptor) OK(cudnnDestroyFilterDescriptor) OK(cudnnDestroyLRNDescriptor)
OK(cudnnDestroyPoolingDescriptor) OK(cudnnDestroyRNNDataDescriptor) OK(cudnnDestroyRNNDescriptor) OK(cudnnDestroyReduceTensorDescriptor) OK(cudnnDestroyTensorDescriptor)
LAUNCH(cudnnActivationForward) LAUNCH(cudnnAddTensor) LAUNCH(cudnnBatchNormalizationForwardInference) LAUNCH(cudnnBatchNormalizationForwardTraining)
LAUNCH(cudnnConvolutionBiasActivationForward) LAUNCH(cudnnConvolutionForward) LAUNCH(cudnnConvolutionBackwardData) LAUNCH(cudnnLRNCrossChannelForward)
LAUNCH(cudnnPoolingForward) LAUNCH(cudnnRNNForward) LAUNCH(cudnnReduceTensor) LAUNCH(cudnnSoftmaxForward) LAUNCH(cudnnSoftmaxBackward)
OK(cudnnDeriveBNTensorDescriptor) OK(cudnnFindConvolutionForwardAlgorithmEx) OK(cudnnGetConvolutionForwardAlgorithm_v7) OK(cudnnGetRNNTempSpaceSizes) OK(cudnnGetRNNWeightParams)
OK(cudnnGetTensorNdDescriptor) OK(cudnnSetActivationDescriptor) OK(cudnnSetConvolutionGroupCount) OK(cudnnSetConvolutionMathType) OK(cudnnSetConvolutionNdDescriptor)
OK(cudnnSetDropoutDescriptor) OK(cudnnSetFilterNdDescriptor) OK(cudnnSetLRNDescriptor) OK(cudnnSetPoolingNdDescriptor) OK(cudnnSetRNNDataDescriptor) OK(cudnnSetRNNDescriptor_v8)
OK(cudnnSetReduceTensorDescriptor) OK(cudnnSetTensorNdDescriptor) OK(cudnnSetTensor4dDescriptor) OK(cudnnGetConvolutionBackwardDataAlgorithm_v7) OK(cudnnFindConvolutionBackwardDataAlgorithmEx)
OK(cudnnGetConvolutionBackwardDataWorkspaceSize) OK(cudnnSetFilter4dDescriptor) OK(cudnnSetConvolution2dDescriptor)
EXPORT int cudnnGetReductionIndicesSize(void*, void*, void*, void*, size_t* bytes) { *bytes = 0; return 0; }
EXPORT int cudnnGetReductionWorkspaceSize(void*, void*, void*, void*, size_t* bytes) { *bytes = 1024; return 0; }
EXPORT int cudnnDropoutGetStatesSize(void*, size_t* bytes) { *bytes = 0; return 0; }
EXPORT int cudnnGetConvolutionForwardWorkspaceSize(void*, void*, void*, void*, void*, int, size_t* bytes) { *bytes = 0; return 0; }
#endif
