#include "daemon/net/token_guard.h"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/temp_directory.h"

namespace squall {
namespace {

TEST(EqualInConstantTimeTest, IsEquality) {
  const std::vector<std::string> texts{"",
                                       "a",
                                       "b",
                                       "ab",
                                       "aa",
                                       "aaa",
                                       "token",
                                       "tokeN",
                                       "Token",
                                       "tokens",
                                       "tok",
                                       std::string("a\0b", 3),
                                       std::string("a\0c", 3)};
  for (const std::string& a : texts) {
    for (const std::string& b : texts) {
      EXPECT_EQ(EqualInConstantTime(a, b), a == b) << "'" << a << "' '" << b << "'";
    }
  }
}

class TokenGuardTest : public testing::Test {
 protected:
  std::string Path() const { return directory.path() / "token"; }
  void Write(const std::string& text) { std::ofstream(Path(), std::ios::binary) << text; }
  // Gives the file a time of its own: two writes within a tick of the clock would look the same.
  void WriteLater(const std::string& text) {
    Write(text);
    const timespec stamp{2'000'000'000 + ++writes, 0};
    const timespec both[] = {stamp, stamp};
    ASSERT_EQ(utimensat(AT_FDCWD, Path().c_str(), both, 0), 0);
  }
  absl::Status Error() {
    const auto guard = TokenGuard::FromFile(Path());
    return guard.status();
  }

  TempDirectory directory;
  int writes = 0;
};

TEST_F(TokenGuardTest, AdmitsTheTokenAndNothingElse) {
  Write("s3cret-token");
  const auto guard = TokenGuard::FromFile(Path());
  ASSERT_TRUE(guard.ok()) << guard.status();
  EXPECT_TRUE((*guard)->Admits("Bearer s3cret-token"));
  for (const char* wrong : {"", "s3cret-token", "Bearer", "Bearer ", "Bearer s3cret-toke",
                            "Bearer s3cret-token2", "Bearer  s3cret-token", "Basic s3cret-token",
                            "Bearer S3CRET-TOKEN", "Bearer s3cret-token s3cret-token"}) {
    EXPECT_FALSE((*guard)->Admits(wrong)) << wrong;
  }
  EXPECT_EQ((*guard)->Authorization(), "Bearer s3cret-token");
}

TEST_F(TokenGuardTest, LeavesOutTheEndOfTheLine) {
  for (const char* text : {"abc\n", "abc\r\n", "abc \n", "abc\n\n"}) {
    Write(text);
    const auto guard = TokenGuard::FromFile(Path());
    ASSERT_TRUE(guard.ok()) << guard.status();
    EXPECT_TRUE((*guard)->Admits("Bearer abc"));
  }
}

TEST_F(TokenGuardTest, AMissingFileIsNotFound) {
  EXPECT_EQ(Error().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Error().message(),
            "token file '" + Path() + "' must be readable: No such file or directory");
}

TEST_F(TokenGuardTest, AFileWithoutATokenIsRefused) {
  for (const char* text : {"", "\n", "  \r\n"}) {
    Write(text);
    EXPECT_EQ(Error().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(Error().message(), "token file '" + Path() + "' must hold a token, it is empty");
  }
}

TEST_F(TokenGuardTest, ATokenThatNoHeaderCanCarryIsRefused) {
  for (const char* text : {"two\nlines\n", "two words", " leading", "t\xc3\xb6ken", "\x01"}) {
    Write(text);
    EXPECT_EQ(Error().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(Error().message(),
              "token file '" + Path() + "' must hold one line of visible ASCII characters");
  }
}

TEST_F(TokenGuardTest, ALongTokenIsRefusedAndNotCut) {
  Write(std::string(4096, 'x'));
  EXPECT_TRUE(Error().ok()) << Error();
  Write(std::string(4097, 'x'));
  EXPECT_EQ(Error().message(), "token file '" + Path() + "' must hold at most 4096 bytes");
}

TEST_F(TokenGuardTest, AMessageNeverHoldsTheToken) {
  Write("visible secret");
  EXPECT_EQ(std::string(Error().message()).find("secret"), std::string::npos);
}

TEST_F(TokenGuardTest, ARotatedTokenTakesOver) {
  WriteLater("first");
  const auto guard = TokenGuard::FromFile(Path());
  ASSERT_TRUE(guard.ok()) << guard.status();
  WriteLater("second");
  EXPECT_FALSE((*guard)->Admits("Bearer first"));
  EXPECT_TRUE((*guard)->Admits("Bearer second"));
  WriteLater("third");
  EXPECT_EQ((*guard)->Authorization(), "Bearer third");
}

// As Kubernetes does it: a new file takes the name of the old one, maybe with the same time.
TEST_F(TokenGuardTest, AFileThatWasReplacedTakesOver) {
  WriteLater("first");
  const auto guard = TokenGuard::FromFile(Path());
  ASSERT_TRUE(guard.ok()) << guard.status();
  struct stat info {};
  ASSERT_EQ(stat(Path().c_str(), &info), 0);
  const std::string other = directory.path() / "other";
  std::ofstream(other, std::ios::binary) << "second";
  const timespec both[] = {info.st_atim, info.st_mtim};
  ASSERT_EQ(utimensat(AT_FDCWD, other.c_str(), both, 0), 0);
  std::filesystem::rename(other, Path());
  EXPECT_TRUE((*guard)->Admits("Bearer second"));
}

TEST_F(TokenGuardTest, TheOldTokenStaysWhileTheFileCannotBeRead) {
  WriteLater("first");
  const auto guard = TokenGuard::FromFile(Path());
  ASSERT_TRUE(guard.ok()) << guard.status();
  std::filesystem::remove(Path());
  EXPECT_TRUE((*guard)->Admits("Bearer first"));
  WriteLater("");  // half-written
  EXPECT_TRUE((*guard)->Admits("Bearer first"));
  EXPECT_FALSE((*guard)->Admits("Bearer "));
  WriteLater("second");
  EXPECT_TRUE((*guard)->Admits("Bearer second"));
}

TEST_F(TokenGuardTest, ManyThreadsMayAskWhileItRotates) {
  WriteLater("token-0");
  const auto guard = TokenGuard::FromFile(Path());
  ASSERT_TRUE(guard.ok()) << guard.status();
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&guard] {
      for (int i = 0; i < 300; ++i) {
        EXPECT_TRUE((*guard)->Authorization().starts_with("Bearer token-"));
        EXPECT_FALSE((*guard)->Admits("Bearer nothing"));
      }
    });
  }
  for (int i = 1; i < 30; ++i) {
    WriteLater("token-" + std::to_string(i));
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST(TokenGuardFromTokenTest, AdmitsThatTokenAndRefusesOnesThatCannotBe) {
  const auto guard = TokenGuard::FromToken("sesame");
  ASSERT_TRUE(guard.ok()) << guard.status();
  EXPECT_EQ((*guard)->Authorization(), "Bearer sesame");
  EXPECT_TRUE((*guard)->Admits("Bearer sesame"));
  EXPECT_FALSE((*guard)->Admits("Bearer other"));
  for (const std::string& bad : {std::string(), std::string("two words"), std::string(5000, 'x')}) {
    EXPECT_EQ(TokenGuard::FromToken(bad).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace squall
