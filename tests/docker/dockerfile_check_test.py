#!/usr/bin/python3
"""The check of the Dockerfile finds what it says it finds, and the tree's own has no findings; the
test of the images says when it did nothing."""

import pathlib
import re
import unittest
from unittest import mock

import docker_test
import dockerfile_check

GOOD = """\
ARG BASE=debian:bookworm
FROM ${BASE} AS build
RUN apt-get update && apt-get install -y --no-install-recommends g++ && \\
    rm -rf /var/lib/apt/lists/*
FROM scratch AS tool
LABEL org.opencontainers.image.title="tool" org.opencontainers.image.description="d" \\
      org.opencontainers.image.version="1" org.opencontainers.image.revision="r" \\
      org.opencontainers.image.licenses="l" org.opencontainers.image.source="s"
COPY --from=build /out/ /
USER 65532:65532
STOPSIGNAL SIGTERM
EXPOSE 80
HEALTHCHECK --interval=10s CMD ["/usr/bin/tool", "--health"]
ENTRYPOINT ["/usr/bin/tool"]
"""
# What is replaced by what, and a part of what is then said.
MISTAKES = (
    ("FROM ${BASE} AS build", "FROM debian:bookworm AS build", "must be an ARG"),
    ("debian:bookworm", "debian:latest", "must name a release"),
    ("debian:bookworm", "debian", "must name a release"),
    ("COPY --from=build /out/ /", "ADD out.tar /", "must be COPY"),
    ("COPY --from=build /out/ /", "COPY . /", "must name what it takes"),
    ('ENTRYPOINT ["/usr/bin/tool"]', "ENTRYPOINT /usr/bin/tool", "exec form"),
    ('CMD ["/usr/bin/tool", "--health"]', "CMD tool --health", "exec form"),
    ("rm -rf /var/lib/apt/lists/*", "true", "lists"),
    (" --no-install-recommends", "", "--no-install-recommends"),
    ("apt-get install -y", "apt-get install", "-y"),
    ("USER 65532:65532\n", "", "USER"),
    ("USER 65532:65532", "USER root", "USER"),
    ("USER 65532:65532", "USER 0", "USER"),
    ("USER 65532:65532", "USER squall", "USER"),
    ("STOPSIGNAL SIGTERM\n", "", "STOPSIGNAL"),
    ("EXPOSE 80\n", "", "EXPOSE"),
    ('HEALTHCHECK --interval=10s CMD ["/usr/bin/tool", "--health"]\n', "", "HEALTHCHECK"),
    ("HEALTHCHECK --interval=10s CMD [\"/usr/bin/tool\", \"--health\"]", "HEALTHCHECK NONE",
     "HEALTHCHECK"),
    ("org.opencontainers.image.revision", "org.example.revision", "image.revision"),
    ("EXPOSE 80", "ENV API_TOKEN=x", "secret"),
    ("apt-get update", "curl x | sh; apt-get update", "script from the network"),
)


class DockerfileCheckTest(unittest.TestCase):
    def test_a_good_one_has_no_findings(self):
        self.assertEqual(dockerfile_check.check(GOOD), [])

    def test_every_mistake_is_found(self):
        for old, new, said in MISTAKES:
            with self.subTest(new=new, said=said):
                self.assertIn(old, GOOD)
                findings = dockerfile_check.check(GOOD.replace(old, new))
                self.assertTrue(any(said in what for _, what in findings), findings)

    def test_what_a_stage_inherits_counts(self):
        text = GOOD + 'FROM tool AS tool2\nLABEL org.opencontainers.image.title="tool2"\n'
        self.assertEqual(dockerfile_check.check(text), [])

    def test_the_dockerfile_of_this_tree_has_no_findings(self):
        text = (dockerfile_check.ROOT / "Dockerfile").read_text()
        self.assertEqual(dockerfile_check.check(text), [])
        stages, _ = dockerfile_check.stages_of(dockerfile_check.instructions(text))
        images = [stage.name for stage in dockerfile_check.shipped(stages)]
        self.assertEqual(sorted(images), ["squall", "squall-operator", "squall-python",
                                          "squall-target", "squalld", "squalld-python"])

    def test_what_a_build_is_not_given_is_found(self):
        self.assertEqual(list(dockerfile_check.check_tree()), [])
        dockerfile = (dockerfile_check.ROOT / "Dockerfile").read_text()
        dockerignore = (dockerfile_check.ROOT / ".dockerignore").read_text()
        cmake = (dockerfile_check.ROOT / "CMakeLists.txt").read_text()
        folders = dockerfile_check.needed({"CMakeLists.txt": cmake})
        self.assertLessEqual({"cmake", "daemon", "operator", "protos", "scripts", "tests", "web"},
                             folders)

        def findings(docker=dockerfile, ignore=dockerignore, more=""):
            tracked = [f"{folder}/a.cc" for folder in {*folders, "config", "docs"}]
            return list(dockerfile_check.check_context(
                docker, ignore, {"CMakeLists.txt": cmake + more}, tracked))
        self.assertEqual(findings(), [])
        for folder in folders:
            with self.subTest(folder):
                self.assertIn(f".dockerignore must let in {folder}/a.cc",
                              findings(ignore=dockerignore.replace(f"!{folder}\n", ""))[0])
                self.assertIn(f"must COPY {folder},", findings(docker=dockerfile.replace(
                    f"COPY {folder} {folder}\n", ""))[0])
        self.assertEqual(len(findings(more="configure_file(${CMAKE_SOURCE_DIR}/docs/x x)")), 2)
        self.assertIn("web/a.cc", findings(ignore=dockerignore + "**/*.cc\n!daemon/**\n")[-1])

    def test_the_version_of_the_images_is_the_project_s(self):
        text = (dockerfile_check.ROOT / "Dockerfile").read_text()
        project = re.search(r"project\(squall VERSION (\S+)",
                            (dockerfile_check.ROOT / "CMakeLists.txt").read_text()).group(1)
        self.assertIn(f"ARG VERSION={project}\n", text)


class SkippedTest(unittest.TestCase):
    """docker_test.py, where it cannot run."""

    def test_says_so_in_the_way_that_ctest_knows(self):
        said = re.search(r"SKIP_RETURN_CODE (\d+)",
                         pathlib.Path(__file__).with_name("CMakeLists.txt").read_text()).group(1)
        with mock.patch.object(docker_test, "Engine", side_effect=docker_test.Absent("no root")), \
                mock.patch("signal.signal"), mock.patch("builtins.print"), \
                self.assertRaises(SystemExit) as ended:
            docker_test.main()
        self.assertEqual(ended.exception.code, int(said))


if __name__ == "__main__":
    unittest.main()
