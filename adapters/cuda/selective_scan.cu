// Mamba's selective scan on a CUDA device, with B and C per token: a thread for each channel of each sequence.
//
//     nvcc -std=c++17 -O2 -I../cpp selective_scan.cu -o selective_scan && npx densessm check --backend ./selective_scan
#include <cuda_runtime.h>

#include "densessm.hpp"

using densessm::Answer;
using densessm::Question;
using densessm::Tensor;

constexpr int mostStates = 64;

/// Absent inputs are null.
struct Inputs {
  const float *u, *delta, *a, *b, *c, *skip, *z, *deltaBias, *state;
};
struct Sizes {
  int batch, time, channels, states;
  bool softplus;
};

__global__ void scan(Inputs in, Sizes size, float* output, float* last) {
  const int row = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= size.batch * size.channels) return;
  const int i = row / size.channels, e = row % size.channels, n = size.states;
  float h[mostStates];
  for (int j = 0; j < n; j++) h[j] = in.state[row * n + j];
  for (int t = 0; t < size.time; t++) {
    const int token = i * size.time + t, at = token * size.channels + e;
    float step = in.delta[at] + (in.deltaBias ? in.deltaBias[e] : 0.0f);
    if (size.softplus) step = fmaxf(step, 0.0f) + log1pf(expf(-fabsf(step)));
    float y = 0.0f;
    for (int j = 0; j < n; j++) {
      h[j] = expf(step * in.a[e * n + j]) * h[j] + step * in.b[token * n + j] * in.u[at];
      y += in.c[token * n + j] * h[j];
    }
    if (in.skip) y += in.skip[e] * in.u[at];
    if (in.z) y *= in.z[at] / (1.0f + expf(-in.z[at]));
    output[at] = y;
  }
  for (int j = 0; j < n; j++) last[row * n + j] = h[j];
}

void must(cudaError_t status) {
  if (status != cudaSuccess) throw std::runtime_error(cudaGetErrorString(status));
}

/// Numbers on the device.
class OnDevice {
 public:
  explicit OnDevice(std::size_t bytes) { must(cudaMalloc(&memory_, bytes > 0 ? bytes : 1)); }
  explicit OnDevice(const Tensor& x) : OnDevice(x.bytes.size()) {
    must(cudaMemcpy(memory_, x.bytes.data(), x.bytes.size(), cudaMemcpyHostToDevice));
  }
  OnDevice(const OnDevice&) = delete;
  ~OnDevice() { cudaFree(memory_); }
  float* data() const { return static_cast<float*>(memory_); }
  void copyTo(Tensor& x) const { must(cudaMemcpy(x.bytes.data(), memory_, x.bytes.size(), cudaMemcpyDeviceToHost)); }

 private:
  void* memory_ = nullptr;
};

void selectiveScan(const Question& asked, Answer& answer) {
  std::map<std::string, OnDevice> inputs;
  for (const auto& [name, x] : asked.tensors)
    if (name.rfind("in/", 0) == 0) inputs.try_emplace(name.substr(3), x);
  const auto on = [&](const char* name) {
    const auto found = inputs.find(name);
    return found == inputs.end() ? nullptr : found->second.data();
  };
  const Tensor &u = asked.in("u"), &state = asked.in("state");
  const Sizes size{static_cast<int>(u.axis(0)), static_cast<int>(u.axis(1)), static_cast<int>(u.axis(2)),
                   static_cast<int>(state.axis(2)), asked.settings.at("deltaSoftplus").asBoolean()};
  Tensor &output = answer.out("output", u.shape), &last = answer.out("state", state.shape);
  const OnDevice y(output), h(last);
  const int rows = size.batch * size.channels, threads = 64;
  if (rows > 0) {
    scan<<<(rows + threads - 1) / threads, threads>>>(
        {on("u"), on("delta"), on("a"), on("tokenB"), on("tokenC"), on("skip"), on("z"), on("deltaBias"), on("state")}, size,
        y.data(), h.data());
    must(cudaGetLastError());
  }
  y.copyTo(output);
  h.copyTo(last);
}

int main(int argc, char** argv) {
  densessm::Backend backend("a selective scan in CUDA");
  backend.offer("selectiveScan", R"({
    "modes": ["recurrent"], "dtypes": ["F32"], "gradients": false,
    "domain": { "axes": { "n": { "atMost": 64 } }, "settings": { "b": "token", "c": "token" } }
  })",
                selectiveScan);
  return backend.run(argc, argv);
}
