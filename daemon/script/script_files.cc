#include "daemon/script/script_files.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"

namespace squall {
namespace {

namespace fs = std::filesystem;

constexpr int kEntriesMax = 20'000;  // a locustfile may lie in somebody's home directory

bool IsPython(const fs::path& path) { return path.extension() == ".py"; }

bool IsSkipped(const fs::path& name) {
  const std::string text = name.string();
  return text.starts_with('.') || text == "__pycache__" || text == "venv" || text == "env" ||
         text == "node_modules" || text.ends_with(".egg-info");
}

absl::StatusOr<std::string> ReadAll(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) {
    return absl::InvalidArgumentError(
        fmt::format("{} must be readable: {}", path.string(), std::strerror(errno)));
  }
  return content;
}

// The deepest directory that holds all of them.
fs::path CommonRoot(const std::vector<fs::path>& files) {
  fs::path root = files.front().parent_path();
  for (const fs::path& file : files) {
    while (!root.empty() && root != root.root_path()) {
      const auto [in_root, in_file] =
          std::mismatch(root.begin(), root.end(), file.begin(), file.end());
      if (in_root == root.end()) {
        break;
      }
      root = root.parent_path();
    }
  }
  return root;
}

// path -> size, of regular files below `top`.
void Walk(const fs::path& top, std::map<fs::path, size_t>* found) {
  std::error_code error;
  fs::recursive_directory_iterator walk(top, fs::directory_options::skip_permission_denied, error);
  int entries = 0;
  for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    if (++entries > kEntriesMax) {
      return;
    }
    const fs::path name = walk->path().filename();
    std::error_code ignored;
    if (IsSkipped(name) || walk->is_symlink(ignored)) {
      walk.disable_recursion_pending();
    } else if (walk->is_regular_file(ignored)) {
      (*found)[walk->path()] = static_cast<size_t>(walk->file_size(ignored));
    }
  }
}

// Python first: without it nothing runs; then the small before the large.
std::vector<std::pair<fs::path, size_t>> InOrder(const std::map<fs::path, size_t>& found) {
  std::vector<std::pair<fs::path, size_t>> files(found.begin(), found.end());
  std::stable_sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
    return std::pair(!IsPython(a.first), IsPython(a.first) ? 0 : a.second) <
           std::pair(!IsPython(b.first), IsPython(b.first) ? 0 : b.second);
  });
  return files;
}

}  // namespace

absl::StatusOr<Script> GatherScript(const std::vector<std::string>& locustfiles,
                                    const ScriptFileLimits& limits,
                                    std::vector<std::string>* left_out) {
  std::vector<fs::path> mains;
  std::map<fs::path, size_t> found;
  for (const std::string& name : locustfiles) {
    std::error_code error;
    const fs::path path = fs::canonical(name, error);
    if (error || !fs::is_regular_file(path, error)) {
      return absl::InvalidArgumentError(
          fmt::format("{} must be a file to be sent to agents", name));
    }
    mains.push_back(path);
    found[path] = static_cast<size_t>(fs::file_size(path, error));
    Walk(path.parent_path(), &found);
  }
  if (mains.empty()) {
    return absl::InvalidArgumentError("a locustfile must be given");
  }
  const fs::path root = CommonRoot(mains);
  Script script;
  for (const fs::path& path : mains) {
    script.locustfiles.push_back(path.lexically_relative(root).generic_string());
  }
  size_t bytes = 0;
  for (const auto& [path, size] : InOrder(found)) {
    const std::string name = path.lexically_relative(root).generic_string();
    const bool fits = bytes + size <= limits.bytes_max;
    if (IsPython(path) && !fits) {
      return absl::InvalidArgumentError(fmt::format(
          "the *.py files beside the locustfile must be at most {} bytes together to be "
          "sent to agents; {} does not fit",
          limits.bytes_max, name));
    }
    if (!fits || (!IsPython(path) && size > limits.data_file_bytes_max)) {
      left_out->push_back(name);
      continue;
    }
    SQUALL_ASSIGN_OR_RETURN(std::string content, ReadAll(path));
    bytes += content.size();
    script.files.push_back({name, std::move(content)});
  }
  return script;
}

absl::StatusOr<std::unique_ptr<ScriptDirectory>> ScriptDirectory::Make(const Script& script) {
  std::error_code error;
  std::string pattern = (fs::temp_directory_path(error) / "squall-script-XXXXXX").string();
  if (error || mkdtemp(pattern.data()) == nullptr) {
    return absl::InternalError(fmt::format("{} cannot be made: {}", pattern, std::strerror(errno)));
  }
  std::unique_ptr<ScriptDirectory> directory(new ScriptDirectory(std::move(pattern)));
  for (const Script::File& file : script.files) {
    const fs::path relative(file.path);
    const bool inside = relative.is_relative() && !relative.empty() &&
                        std::none_of(relative.begin(), relative.end(),
                                     [](const fs::path& part) { return part == ".."; });
    if (!inside) {
      return absl::InvalidArgumentError(
          fmt::format("script.files must stay in their directory, got '{}'", file.path));
    }
    const fs::path path = fs::path(directory->path()) / relative;
    fs::create_directories(path.parent_path(), error);
    std::ofstream out(path, std::ios::binary);
    out << file.content;
    out.close();
    if (!out) {
      return absl::InternalError(
          fmt::format("{} cannot be written: {}", path.string(), std::strerror(errno)));
    }
  }
  return directory;
}

ScriptDirectory::~ScriptDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace squall
