#include "daemon/python/interpreter.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/daemon/python/embedded_python.h"

namespace squall {
namespace {

class InterpreterTest : public testing::Test {
 public:
  ~InterpreterTest() override { std::filesystem::remove_all(folder_); }

 protected:
  // Runs it as a program; keeps what it writes to stderr.
  int RunScript(const std::string& code, const std::vector<std::string>& arguments = {}) {
    std::filesystem::create_directories(folder_);
    std::ofstream(path_) << code;
    testing::internal::CaptureStderr();
    const int exit_code = embedded_interpreter()->RunScript(path_, arguments);
    errors = testing::internal::GetCapturedStderr();
    return exit_code;
  }

  std::string errors;

 private:
  const std::string folder_ = testing::TempDir() + "squall_interpreter_test";
  const std::string path_ = folder_ + "/program.py";
};

struct Ending {
  const char* name;
  const char* code;
  int exit_code;
  const char* errors;  // a part of stderr; "": nothing is said
};

class InterpreterEndings : public InterpreterTest, public testing::WithParamInterface<Ending> {};

TEST_P(InterpreterEndings, HaveTheExitCodeOfPython) {
  EXPECT_EQ(RunScript(GetParam().code), GetParam().exit_code);
  if (*GetParam().errors == '\0') {
    EXPECT_EQ(errors, "");
  } else {
    EXPECT_NE(errors.find(GetParam().errors), std::string::npos) << errors;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, InterpreterEndings,
    testing::Values(Ending{"End", "x = 1\n", 0, ""},
                    Ending{"Exception", "x = 1\n1 / 0\n", 1, "line 2"},
                    Ending{"ExceptionType", "1 / 0\n", 1, "ZeroDivisionError: division by zero"},
                    Ending{"SyntaxError", "def (\n", 1, "SyntaxError"},
                    Ending{"ImportError", "import no_such_thing\n", 1,
                           "No module named 'no_such_thing'"},
                    Ending{"ExitNumber", "raise SystemExit(7)\n", 7, ""},
                    Ending{"ExitBigNumber", "raise SystemExit(258)\n", 2, ""},
                    Ending{"ExitText", "raise SystemExit('no more')\n", 1, "no more\n"},
                    Ending{"ExitNone", "raise SystemExit\n", 0, ""},
                    Ending{"SysExit", "import sys\nsys.exit(3)\n", 3, ""}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(InterpreterTest, GivesAScriptItsArguments) {
  EXPECT_EQ(
      RunScript("import sys\nsys.exit(sys.argv[1:] != ['a', 'b c', 'ü'])\n", {"a", "b c", "ü"}), 0);
}

TEST_F(InterpreterTest, RunsAScriptAsTheMainModuleBesideItsSiblings) {
  EXPECT_EQ(RunScript("import os, sys\n"
                      "same = os.path.dirname(os.path.abspath(__file__)) == sys.path[0]\n"
                      "sys.exit(0 if same and __name__ == '__main__' else 1)\n"),
            0);
}

TEST_F(InterpreterTest, HasOurLocustAndGeventsPatches) {
  EXPECT_EQ(RunScript("import locust, socket, sys\n"
                      "from gevent import monkey\n"
                      "good = monkey.is_module_patched('socket') and hasattr(locust, 'HttpUser')\n"
                      "sys.exit(0 if good and '/daemon/python/' in locust.__file__ else 1)\n"),
            0);
}

TEST_F(InterpreterTest, FlushesWhatAScriptHasPrinted) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(RunScript("print('printed')\n"), 0);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "printed\n");
}

TEST_F(InterpreterTest, RunsTheLaneAndGivesItsExitCode) {
  testing::internal::CaptureStdout();
  const int exit_code = embedded_interpreter()->RunLane("local", {"--version"});
  EXPECT_NE(testing::internal::GetCapturedStdout().find("locust"), std::string::npos);
  EXPECT_EQ(exit_code, 0);
}

}  // namespace
}  // namespace squall
