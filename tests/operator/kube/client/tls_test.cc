#include "operator/kube/client/tls.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <boost/asio/ssl/context.hpp>
#include <gtest/gtest.h>

#include "daemon/base/clock.h"
#include "daemon/net/certificate.h"
#include "tests/support/temp_directory.h"

namespace squall {
namespace {

using std::chrono::seconds;

CertificatePair Pair() { return *MakeSelfSigned({}, SystemClock().Wall()); }

TEST(TlsTest, MakesAContextOfAnyMaterial) {
  const CertificatePair pair = Pair();
  EXPECT_TRUE(MakeTlsContext({}).ok());
  EXPECT_TRUE(MakeTlsContext({pair.certificate_pem, pair.certificate_pem, pair.key_pem}).ok());
}

TEST(TlsTest, SaysWhichTextIsWrongAndShowsNoKey) {
  const CertificatePair pair = Pair();
  const auto error = [](const TlsMaterial& material) {
    return std::string(MakeTlsContext(material).status().message());
  };
  EXPECT_EQ(error({"nonsense"}).find("the certificate authority must be PEM"), 0U);
  EXPECT_EQ(error({"", "nonsense", pair.key_pem}).find("the client certificate must be PEM"), 0U);
  const std::string wrong_key = error({"", pair.certificate_pem, Pair().key_pem});
  EXPECT_EQ(wrong_key.find("the client key must be the PEM private key"), 0U);
  EXPECT_EQ(error({"", pair.certificate_pem, "s3cret"}).find("s3cret"), std::string::npos);
}

class TlsKeeperTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const { return directory_.path() / name; }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(Path(name)) << text;
  }
  TempDirectory directory_;
  ManualClock clock_;
};

TEST_F(TlsKeeperTest, FollowsACaThatIsRotated) {
  Write("ca", Pair().certificate_pem);
  TlsKeeper keeper({"", Path("ca")}, {}, {}, false, &clock_);
  const TlsKeeper::Current first = *keeper.Get("", "");
  Write("ca", Pair().certificate_pem);
  EXPECT_EQ(keeper.Get("", "")->context, first.context);
  clock_.Advance(seconds(50));
  const TlsKeeper::Current second = *keeper.Get("", "");
  EXPECT_NE(second.context, first.context);
  EXPECT_GT(second.generation, first.generation);
  clock_.Advance(seconds(50));
  EXPECT_EQ(keeper.Get("", "")->generation, second.generation);  // nothing has changed
}

TEST_F(TlsKeeperTest, ReadsAgainAtOnceAfterAFailedHandshake) {
  Write("ca", Pair().certificate_pem);
  TlsKeeper keeper({"", Path("ca")}, {}, {}, false, &clock_);
  const TlsKeeper::Current first = *keeper.Get("", "");
  Write("ca", Pair().certificate_pem);
  keeper.ReadAgainSoon();
  EXPECT_NE(keeper.Get("", "")->generation, first.generation);
}

TEST_F(TlsKeeperTest, TheOldContextStaysWhileFilesAreMissingOrHalfReplaced) {
  const CertificatePair one = Pair();
  const CertificatePair two = Pair();
  Write("crt", one.certificate_pem);
  Write("key", one.key_pem);
  TlsKeeper keeper({}, {"", Path("crt")}, {"", Path("key")}, false, &clock_);
  const TlsKeeper::Current first = *keeper.Get("", "");
  Write("crt", two.certificate_pem);  // not yet its key
  keeper.ReadAgainSoon();
  EXPECT_EQ(keeper.Get("", "")->context, first.context);
  std::filesystem::remove(Path("key"));
  keeper.ReadAgainSoon();
  EXPECT_EQ(keeper.Get("", "")->context, first.context);
  Write("key", two.key_pem);
  keeper.ReadAgainSoon();
  EXPECT_NE(keeper.Get("", "")->context, first.context);
}

TEST_F(TlsKeeperTest, AMissingFileIsAnErrorAtFirst) {
  TlsKeeper keeper({"", Path("ca")}, {}, {}, false, &clock_);
  EXPECT_EQ(keeper.Get("", "").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(TlsKeeperTest, APluginsCertificateGoesFirst) {
  TlsKeeper keeper({}, {}, {}, false, &clock_);
  const CertificatePair pair = Pair();
  const TlsKeeper::Current without = *keeper.Get("", "");
  const TlsKeeper::Current with = *keeper.Get(pair.certificate_pem, pair.key_pem);
  EXPECT_NE(with.generation, without.generation);
  EXPECT_EQ(keeper.Get(pair.certificate_pem, pair.key_pem)->context, with.context);
  EXPECT_FALSE(keeper.Get("nonsense", "nonsense").ok());
}

TEST_F(TlsKeeperTest, KnowsTheCaForPlugins) {
  TlsKeeper keeper({"", Path("ca")}, {}, {}, false, &clock_);
  const std::string pem = Pair().certificate_pem;
  Write("ca", pem);
  ASSERT_TRUE(keeper.Get("", "").ok());
  EXPECT_EQ(keeper.CaPem(), pem);
}

}  // namespace
}  // namespace squall
