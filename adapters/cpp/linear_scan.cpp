// A linear scan, h_t = a_t h_{t-1} + b_t, with its gradients, in float and double:
//
//     g++ -std=c++17 -O2 linear_scan.cpp -o linear_scan && npx densessm check --backend ./linear_scan
#include "densessm.hpp"

using densessm::Answer;
using densessm::Question;
using densessm::Tensor;

template <class T>
void linearScan(const Question& asked, Answer& answer) {
  const Tensor &a = asked.in("a"), &b = asked.in("b"), &state = asked.in("state");
  const auto batch = a.axis(0), time = a.axis(1), channels = a.axis(2);
  const auto at = [=](auto i, auto t, auto n) { return (i * time + t) * channels + n; };
  T* output = answer.out("output", b.shape).data<T>();
  T* last = answer.out("state", state.shape).data<T>();
  for (std::int64_t i = 0; i < batch; i++)
    for (std::int64_t n = 0; n < channels; n++) {
      T h = state.data<T>()[i * channels + n];
      for (std::int64_t t = 0; t < time; t++)
        output[at(i, t, n)] = h = a.data<T>()[at(i, t, n)] * h + b.data<T>()[at(i, t, n)];
      last[i * channels + n] = h;
    }
  if (!asked.gradients) return;
  const T* dOutput = asked.cotangent("output").data<T>();
  const T* dLast = asked.cotangent("state").data<T>();
  T* dA = answer.grad("a", a.shape).data<T>();
  T* dB = answer.grad("b", b.shape).data<T>();
  T* dState = answer.grad("state", state.shape).data<T>();
  for (std::int64_t i = 0; i < batch; i++)
    for (std::int64_t n = 0; n < channels; n++) {
      T dH = dLast[i * channels + n];
      for (std::int64_t t = time - 1; t >= 0; t--) {
        dH += dOutput[at(i, t, n)];
        const T before = t > 0 ? output[at(i, t - 1, n)] : state.data<T>()[i * channels + n];
        dA[at(i, t, n)] = dH * before;
        dB[at(i, t, n)] = dH;
        dH *= a.data<T>()[at(i, t, n)];
      }
      dState[i * channels + n] = dH;
    }
}

int main(int argc, char** argv) {
  densessm::Backend backend("a linear scan in C++");
  backend.offer("linearScan", R"({"modes": ["recurrent"], "dtypes": ["F32", "F64"], "gradients": true})",
                [](const Question& asked, Answer& answer) {
                  asked.dtype == "F64" ? linearScan<double>(asked, answer) : linearScan<float>(asked, answer);
                });
  return backend.run(argc, argv);
}
