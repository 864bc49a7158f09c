// Adapter that runs your C++ or CUDA kernels for densessm: one header, C++17, no dependency. Copy it beside your program:
//
//     #include "densessm.hpp"
//
//     int main(int argc, char** argv) {
//       densessm::Backend backend("my kernels");
//       backend.offer("linearScan", R"({"modes": ["recurrent"], "dtypes": ["F32"], "gradients": false})",
//                     [](const densessm::Question& asked, densessm::Answer& answer) {
//                       const densessm::Tensor& a = asked.in("a");               // throws if there is no such input
//                       float* output = answer.out("output", a.shape).data<float>();  // full of NaN until you write
//                       …
//                     });
//       return backend.run(argc, argv);  // npx densessm check --backend ./my_kernels
//     }
//
// The second text is the operator's entry of a description, JSON as docs/protocol.md has it: with a domain, precision and form
// if you like. A function may throw densessm::Unsupported("why"), which is no failure, or any std::exception, which is one.
// What it prints to std::cout goes to standard error. POSIX only.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace densessm {

/// The kernel does not support this shape or this setting.
struct Unsupported : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A value of JSON: settings and headers. Access to a wrong kind throws.
class Json {
 public:
  enum class Kind { null, boolean, number, text, list, object };

  static Json parse(const std::string& text) {
    Reader reader{text};
    Json value = reader.value();
    if (reader.next() != '\0') throw std::runtime_error("JSON: text after the end at " + std::to_string(reader.at));
    return value;
  }

  Kind kind = Kind::null;
  bool boolean = false;
  double number = 0;
  std::string text;
  std::vector<Json> list;
  std::vector<std::pair<std::string, Json>> object;

  bool isNull() const { return kind == Kind::null; }
  bool has(const std::string& name) const { return find(name) != nullptr; }
  const Json& at(const std::string& name) const {
    if (const Json* found = find(name)) return *found;
    throw std::runtime_error("there is no '" + name + "'");
  }
  double asNumber() const { return expect(Kind::number, "a number"), number; }
  bool asBoolean() const { return expect(Kind::boolean, "true or false"), boolean; }
  const std::string& asText() const { return expect(Kind::text, "a text"), text; }
  std::vector<double> asNumbers() const {
    expect(Kind::list, "a list");
    std::vector<double> numbers;
    for (const Json& one : list) numbers.push_back(one.asNumber());
    return numbers;
  }

 private:
  const Json* find(const std::string& name) const {
    for (const auto& [key, value] : object)
      if (key == name) return &value;
    return nullptr;
  }
  void expect(Kind wanted, const char* what) const {
    if (kind != wanted) throw std::runtime_error(std::string("a value of JSON is not ") + what);
  }

  struct Reader {
    const std::string& text;
    std::size_t at = 0;

    char next() {
      while (at < text.size() && std::strchr(" \t\r\n", text[at])) at++;
      return at < text.size() ? text[at] : '\0';
    }
    [[noreturn]] void refuse() const { throw std::runtime_error("JSON: odd text at " + std::to_string(at)); }
    void take(char wanted) {
      if (next() != wanted) refuse();
      at++;
    }
    bool takes(const char* word) {
      const std::size_t length = std::strlen(word);
      if (text.compare(at, length, word) != 0) return false;
      at += length;
      return true;
    }
    /// Reads what stands between brackets, separated by commas.
    template <class Each>
    void between(char open, char close, Each each) {
      take(open);
      if (next() != close) {
        each();
        for (; next() == ','; each()) at++;
      }
      take(close);
    }
    Json value() {
      Json found;
      switch (next()) {
        case '{':
          found.kind = Kind::object;
          between('{', '}', [&] {
            next();
            std::string name = quoted();
            take(':');
            found.object.emplace_back(std::move(name), value());
          });
          return found;
        case '[':
          found.kind = Kind::list;
          between('[', ']', [&] { found.list.push_back(value()); });
          return found;
        case '"':
          found.kind = Kind::text;
          found.text = quoted();
          return found;
        default:
          break;
      }
      if (takes("null")) return found;
      if (takes("true") || takes("false")) {
        found.kind = Kind::boolean;
        found.boolean = text[at - 2] == 'u';
        return found;
      }
      char* end = nullptr;
      found.kind = Kind::number;
      found.number = std::strtod(text.c_str() + at, &end);
      if (end == text.c_str() + at) refuse();
      at = static_cast<std::size_t>(end - text.c_str());
      return found;
    }
    std::string quoted() {
      std::string found;
      for (take('"'); at < text.size() && text[at] != '"'; at++) {
        if (text[at] != '\\') {
          found += text[at];
          continue;
        }
        const char escaped = ++at < text.size() ? text[at] : '\0';
        const char* plain = std::strchr("n\nt\tr\rb\bf\f\"\"\\\\//", escaped);
        if (escaped == 'u' && at + 4 < text.size()) {
          utf8(found, std::strtoul(text.substr(at + 1, 4).c_str(), nullptr, 16));
          at += 4;
        } else if (escaped != '\0' && plain != nullptr) {
          found += plain[1];
        } else {
          refuse();
        }
      }
      take('"');
      return found;
    }
    static void utf8(std::string& out, unsigned long code) {
      if (code < 0x80) {
        out += static_cast<char>(code);
      } else if (code < 0x800) {
        out += static_cast<char>(0xC0 | code >> 6);
        out += static_cast<char>(0x80 | (code & 0x3F));
      } else {
        out += static_cast<char>(0xE0 | code >> 12);
        out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
        out += static_cast<char>(0x80 | (code & 0x3F));
      }
    }
  };
};

inline std::string quotedJson(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    char code[8];
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      std::snprintf(code, sizeof code, "\\u%04x", c);
      out += code;
    } else {
      out += c;
    }
  }
  return out + '"';
}

/// Row-major numbers. `dtype` is F32, F64, BF16, F16 or I32; the 16 bits of BF16 and F16 are uint16_t.
struct Tensor {
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::vector<unsigned char> bytes;

  std::int64_t size() const {
    std::int64_t count = 1;
    for (const std::int64_t length : shape) count *= length;
    return count;
  }
  /// The length of an axis; throws if there is none.
  std::int64_t axis(std::size_t i) const { return shape.at(i); }
  /// The numbers. Throws if T is not the type of the tensor.
  template <class T>
  const T* data() const {
    return check<T>(), reinterpret_cast<const T*>(bytes.data());
  }
  template <class T>
  T* data() {
    return check<T>(), reinterpret_cast<T*>(bytes.data());
  }

  static std::size_t width(const std::string& dtype) {
    static const std::map<std::string, std::size_t> widths{{"F64", 8}, {"F32", 4}, {"I32", 4}, {"F16", 2}, {"BF16", 2}};
    const auto found = widths.find(dtype);
    if (found == widths.end()) throw std::runtime_error("a tensor has the type " + dtype);
    return found->second;
  }

 private:
  template <class T>
  void check() const {
    const bool fits = sizeof(T) == width(dtype) && std::is_floating_point<T>::value == (dtype == "F32" || dtype == "F64");
    if (!fits) throw std::runtime_error("a tensor of " + dtype + " is read as another type");
  }
};

/// Tensors by name. A reference to one stays valid while others are added.
using Tensors = std::map<std::string, Tensor>;

/// What is asked.
struct Question {
  std::string operation, mode, dtype;
  /// Whether it wants gradients of Σ output · cotangent too.
  bool gradients = false;
  Json settings;
  Tensors tensors;

  /// An input, or null if it is absent.
  const Tensor* maybe(const std::string& name) const { return find("in/" + name); }
  const Tensor& in(const std::string& name) const { return given("in/" + name); }
  const Tensor& cotangent(const std::string& output) const { return given("cotangent/" + output); }

 private:
  const Tensor* find(const std::string& name) const {
    const auto found = tensors.find(name);
    return found == tensors.end() ? nullptr : &found->second;
  }
  const Tensor& given(const std::string& name) const {
    if (const Tensor* tensor = find(name)) return *tensor;
    throw std::runtime_error("the question has no tensor '" + name + "'");
  }
};

/// What is answered. New tensors are full of NaN, so that numbers which are not written show.
struct Answer {
  std::string dtype;
  Tensors tensors;

  /// An output, in the type of the question or in `as`: a state may be F32 where the question is of 16 bits.
  Tensor& out(const std::string& name, const std::vector<std::int64_t>& shape, const std::string& as = "") {
    return add("out/" + name, shape, as);
  }
  /// The gradient of an input.
  Tensor& grad(const std::string& name, const std::vector<std::int64_t>& shape, const std::string& as = "") {
    return add("grad/" + name, shape, as);
  }

 private:
  Tensor& add(const std::string& name, const std::vector<std::int64_t>& shape, const std::string& as) {
    Tensor& made = tensors[name];
    made.dtype = as.empty() ? dtype : as;
    made.shape = shape;
    made.bytes.assign(static_cast<std::size_t>(made.size()) * Tensor::width(made.dtype), 0xFF);
    return made;
  }
};

using Texts = std::map<std::string, std::string>;

/// Reads a safetensors file. Throws on one that is cut off.
inline Texts readSafetensors(const std::string& file, Tensors& tensors) {
  std::uint64_t length = 0;
  if (file.size() >= 8) std::memcpy(&length, file.data(), 8);
  if (file.size() < 8 || length > file.size() - 8) throw std::runtime_error("a question is cut off");
  const std::size_t start = 8 + static_cast<std::size_t>(length);
  Texts texts;
  for (const auto& [name, entry] : Json::parse(file.substr(8, static_cast<std::size_t>(length))).object) {
    if (name == "__metadata__") {
      for (const auto& [key, value] : entry.object) texts[key] = value.asText();
      continue;
    }
    Tensor& tensor = tensors[name];
    tensor.dtype = entry.at("dtype").asText();
    for (const double axis : entry.at("shape").asNumbers()) tensor.shape.push_back(static_cast<std::int64_t>(axis));
    const std::vector<double> range = entry.at("data_offsets").asNumbers();
    const auto begin = start + static_cast<std::size_t>(range.at(0)), end = start + static_cast<std::size_t>(range.at(1));
    const std::size_t bytes = static_cast<std::size_t>(tensor.size()) * Tensor::width(tensor.dtype);
    if (begin > end || end > file.size() || end - begin != bytes) throw std::runtime_error("a question is cut off");
    tensor.bytes.assign(file.begin() + static_cast<std::ptrdiff_t>(begin), file.begin() + static_cast<std::ptrdiff_t>(end));
  }
  return texts;
}

/// The bytes of a safetensors file.
inline std::string writeSafetensors(const Texts& texts, const Tensors& tensors) {
  std::string header = "{\"__metadata__\":{", data;
  for (const auto& [name, text] : texts)
    header += (header.back() == '{' ? "" : ",") + quotedJson(name) + ":" + quotedJson(text);
  header += "}";
  for (const auto& [name, tensor] : tensors) {
    std::string shape;
    for (const std::int64_t axis : tensor.shape) shape += (shape.empty() ? "" : ",") + std::to_string(axis);
    const std::string begin = std::to_string(data.size());
    data.append(tensor.bytes.begin(), tensor.bytes.end());
    header += "," + quotedJson(name) + ":{\"dtype\":\"" + tensor.dtype + "\",\"shape\":[" + shape +
              "],\"data_offsets\":[" + begin + "," + std::to_string(data.size()) + "]}";
  }
  header += "}";
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
}

/// Answers the questions of densessm.
class Backend {
 public:
  using Kernel = std::function<void(const Question&, Answer&)>;

  /// `compiles`: every new shape costs a compilation.
  explicit Backend(std::string name, bool compiles = false) : name_(std::move(name)), compiles_(compiles) {}

  /// Registers a kernel. `entry` is the operator's JSON in the description: modes, dtypes, gradients, and what else it declares.
  void offer(const std::string& operation, const std::string& entry, Kernel kernel) {
    Json::parse(entry);  // it is refused here, not at the first question
    entries_ += (entries_.empty() ? "" : ",") + quotedJson(operation) + ":" + entry;
    kernels_[operation] = std::move(kernel);
  }

  /// Answers until standard input ends. With `QUESTION ANSWER --densessm-once` it reads and writes one file each.
  int run(int argc, char** argv) {
    const bool once = argc > 3 && std::strcmp(argv[argc - 1], "--densessm-once") == 0;  // only densessm passes it
    try {
      if (once) {
        std::string question;
        const int in = opened(argv[argc - 3], O_RDONLY);
        for (char c[1 << 16];;) {
          const ssize_t count = ::read(in, c, sizeof c);
          if (count <= 0) break;
          question.append(c, static_cast<std::size_t>(count));
        }
        writeAll(opened(argv[argc - 2], O_WRONLY | O_CREAT | O_EXCL), reply(question));
        return 0;
      }
      if (::isatty(0)) throw std::runtime_error(hint);
      const int messages = ::dup(1);  // from here on prints go to standard error
      ::dup2(2, 1);
      for (std::string head; readAll(head, 16, true);) {
        std::uint64_t length = 0;
        std::memcpy(&length, head.data() + 8, 8);
        if (head.compare(0, 8, "densessm") != 0) throw std::runtime_error(hint);
        std::string question;
        readAll(question, static_cast<std::size_t>(length), false);
        const std::string answer = reply(question);
        const std::uint64_t size = answer.size();
        writeAll(messages, "densessm" + std::string(reinterpret_cast<const char*>(&size), 8) + answer);
      }
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      return 1;
    }
    return 0;
  }

 private:
  static constexpr const char* hint = "densessm starts this program: npx densessm check --backend ./my_kernels";

  std::string reply(const std::string& file) const {
    Question asked;
    Answer answer;
    const Texts texts = readSafetensors(file, asked.tensors);
    Texts said{{"message", "answer"}, {"id", texts.at("id")}};
    try {
      if (texts.at("message") == "run") {
        asked.operation = texts.at("operator");
        asked.mode = texts.at("mode");
        asked.dtype = answer.dtype = texts.at("dtype");
        asked.gradients = texts.at("gradients") == "true";
        asked.settings = Json::parse(texts.at("settings"));
        kernels_.at(asked.operation)(asked, answer);
      } else {
        said["message"] = "description";
        said["protocol"] = "1";
        said["name"] = name_;
        said["compiles"] = compiles_ ? "true" : "false";
        said["operators"] = "{" + entries_ + "}";
      }
    } catch (const Unsupported& why) {
      return refusal(said, "unsupported", why.what());
    } catch (const std::exception& error) {
      return refusal(said, "error", error.what());
    }
    return writeSafetensors(said, answer.tensors);
  }

  static std::string refusal(Texts said, const char* message, const std::string& reason) {
    said["message"] = message;
    said["reason"] = reason.empty() ? "it gives no reason" : reason;
    return writeSafetensors(said, {});
  }

  static int opened(const char* path, int flags) {
    const int file = ::open(path, flags, 0600);
    if (file < 0) throw std::runtime_error(std::string(path) + ": " + std::strerror(errno));
    return file;
  }

  /// Reads so many bytes. False at the end of the input, if it may end here.
  static bool readAll(std::string& into, std::size_t count, bool mayEnd) {
    into.resize(count);
    for (std::size_t done = 0; done < count;) {
      const ssize_t got = ::read(0, &into[done], count - done);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        if (got == 0 && done == 0 && mayEnd) return false;
        throw std::runtime_error("standard input ended within a question");
      }
      done += static_cast<std::size_t>(got);
    }
    return true;
  }

  static void writeAll(int to, const std::string& bytes) {
    for (std::size_t done = 0; done < bytes.size();) {
      const ssize_t put = ::write(to, bytes.data() + done, bytes.size() - done);
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) throw std::runtime_error(std::string("the answer cannot be written: ") + std::strerror(errno));
      done += static_cast<std::size_t>(put);
    }
  }

  std::string name_, entries_;
  bool compiles_;
  std::map<std::string, Kernel> kernels_;
};

}  // namespace densessm
