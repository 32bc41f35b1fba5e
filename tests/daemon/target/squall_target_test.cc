// The program itself, run as a user runs it.
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <spawn.h>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/daemon/target/test_client.h"

namespace squall {
namespace {

// A child process with its output in pipes; killed if it is still there at the end.
class Program final {
 public:
  explicit Program(std::vector<std::string> arguments) {
    int out[2];
    int err[2];
    EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(err, O_CLOEXEC), 0);
    arguments.insert(arguments.begin(), std::string(SQUALL_BINARY_DIR) + "/bin/squall-target");
    std::vector<char*> argv;
    for (std::string& argument : arguments) {
      argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
    EXPECT_EQ(posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(out[1]);
    ::close(err[1]);
    out_ = ::fdopen(out[0], "r");
    err_ = ::fdopen(err[0], "r");
  }
  ~Program() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    std::fclose(out_);
    std::fclose(err_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  std::string Line() { return ReadLine(out_); }
  std::string ErrorLine() { return ReadLine(err_); }
  // From the line that it prints once it listens.
  uint16_t Port() {
    const std::string line = Line();
    const size_t colon = line.rfind(':');
    EXPECT_NE(colon, std::string::npos) << line << ErrorLine();
    return colon == std::string::npos ? uint16_t{0}
                                      : static_cast<uint16_t>(std::stoi(line.substr(colon + 1)));
  }
  void Signal(int signal) { ::kill(pid_, signal); }
  // The exit code, or minus the signal that ended it.
  int Wait() {
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  static std::string ReadLine(FILE* file) {
    char line[4096];
    return std::fgets(line, sizeof line, file) == nullptr ? "" : line;
  }

  pid_t pid_ = -1;
  FILE* out_ = nullptr;
  FILE* err_ = nullptr;
};

std::string ReadAll(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class SquallTargetTest : public testing::Test {
 protected:
  std::string Path(std::string_view name) const {
    return fmt::format("{}squall-target-{}-{}", testing::TempDir(), ::getpid(), name);
  }
};

TEST_F(SquallTargetTest, SaysWhereItListensAndStopsOnSigterm) {
  const std::string port_file = Path("port");
  Program program({"--listen", "127.0.0.1:0", "--port-file", port_file});
  const std::string line = program.Line();
  const std::string port = ReadAll(port_file);
  EXPECT_EQ(line, "listening on http://127.0.0.1:" + port);
  TestClient client(static_cast<uint16_t>(std::stoi(port)));
  EXPECT_EQ(StatusOf(client.Ask(Get("/products"))), 200);
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), 0);
  EXPECT_EQ(program.ErrorLine(), "squall-target: stopped after 1 requests\n");
  std::filesystem::remove(port_file);
}

TEST_F(SquallTargetTest, FinishesOpenRequestsBeforeItStops) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Program program({"--listen", "127.0.0.1:0", "--threads", "2"});
    const uint16_t port = program.Port();
    TestClient busy(port);
    TestClient watching(port);
    ASSERT_TRUE(busy.Send(Get("/delay/300")));
    while (BodyOf(watching.Ask(Get("/stats"))).find(R"("total":1)") == std::string::npos) {
    }
    program.Signal(signal);
    const std::string response = busy.ReadUntilClose();
    EXPECT_EQ(StatusOf(response), 200);
    EXPECT_EQ(BodyOf(response), R"({"delay_ms":300})");
    EXPECT_EQ(watching.ReadUntilClose(), "");
    EXPECT_EQ(program.Wait(), 0);
  }
}

TEST_F(SquallTargetTest, ServesHttpsWithACertificateOfItsOwn) {
  const std::string file = Path("cert.pem");
  Program program({"--listen", "127.0.0.1:0", "--self-signed", "--write-cert", file});
  const std::string line = program.Line();
  ASSERT_EQ(line.substr(0, 31), "listening on https://127.0.0.1:") << line << program.ErrorLine();
  TestClient client(static_cast<uint16_t>(std::stoi(line.substr(31))), TestTls{ReadAll(file), {}});
  ASSERT_EQ(client.error(), "");
  EXPECT_EQ(StatusOf(client.Ask(Get("/products/1"))), 200);
  std::filesystem::remove(file);
}

TEST_F(SquallTargetTest, PadsListsAndMakesErrors) {
  Program padded({"--listen", "127.0.0.1:0", "--size", "100KiB"});
  TestClient client(padded.Port());
  EXPECT_GT(client.Ask(Get("/products")).size(), 100U << 10);
  Program failing({"--listen", "127.0.0.1:0", "--error-rate", "1"});
  TestClient unlucky(failing.Port());
  EXPECT_EQ(StatusOf(unlucky.Ask(Get("/products"))), 500);
}

TEST_F(SquallTargetTest, APortInUseIsOneLineAndExitOne) {
  const RunningTarget other;
  const std::string address = fmt::format("127.0.0.1:{}", other.port());
  Program program({"--listen", address});
  EXPECT_EQ(program.ErrorLine(),
            fmt::format("squall-target: listen on {}: Address already in use\n", address));
  EXPECT_EQ(program.ErrorLine(), "");
  EXPECT_EQ(program.Wait(), 1);
}

TEST_F(SquallTargetTest, RefusesWhatItDoesNotUnderstand) {
  const struct {
    std::vector<std::string> arguments;
    const char* complaint;
  } rows[] = {
      {{"--nonsense"}, "--nonsense"},
      {{"--threads", "0"}, "--threads"},
      {{"--error-rate", "2"}, "--error-rate"},
      {{"--latency", "20ms..5ms"}, "--latency must"},
      {{"--stall", "5s"}, "--stall must"},
      {{"--size", "big"}, "--size must"},
      {{"--size", "65MiB"}, "--size must"},
      {{"--listen", "8082"}, "--listen must"},
      {{"--listen", "0.0.0.0:0"}, "unless --insecure"},
      {{"--tls-cert", "a.pem"}, "--tls-key"},
      {{"--write-cert", "a.pem"}, "--self-signed"},
      {{"--client-ca", "a.pem"}, "--client-ca must"},
  };
  for (const auto& row : rows) {
    Program program(row.arguments);
    const std::string line = program.ErrorLine();
    EXPECT_NE(line.find(row.complaint), std::string::npos) << line;
    EXPECT_EQ(program.Wait(), 2) << row.complaint;
  }
}

TEST_F(SquallTargetTest, AnUnreadableFileIsExitOne) {
  Program program({"--tls-cert", "/nowhere/a.pem", "--tls-key", "/nowhere/b.pem"});
  EXPECT_EQ(program.ErrorLine(),
            "squall-target: --tls-cert must be a readable file, got '/nowhere/a.pem'\n");
  EXPECT_EQ(program.Wait(), 1);
}

TEST_F(SquallTargetTest, HelpIsNoError) {
  Program program({"--help"});
  EXPECT_NE(program.Line(), "");
  EXPECT_EQ(program.Wait(), 0);
}

}  // namespace
}  // namespace squall
