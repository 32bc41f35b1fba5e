# Compiler settings that every target shares.
option(SQUALL_BUILD_TESTS "Build the C++ tests; those that drive programs are always there" ON)
option(SQUALL_WITH_PYTHON "Run locustfiles: build squall-python, which embeds CPython" ON)
option(SQUALL_WITH_OTEL "Send to OpenTelemetry collectors, where the library is found" ON)
option(SQUALL_WITH_WEB "Put the web UI into the programs (needs Node 18 and npm)" ON)
option(SQUALL_BUILD_FUZZERS "Build the libFuzzer targets (needs clang++)" OFF)
option(SQUALL_UNITY "Compile sources of a room together: a third of the time, for whole builds" OFF)
set(SQUALL_SANITIZE "" CACHE STRING "Sanitizers, for example address,undefined or thread")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

# ccache hits across clones only if the place of the clone is kept out of the hash: paths below it
# are made relative, and the working directory in the debug information does not count.
find_program(SQUALL_CCACHE ccache)
if(SQUALL_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${SQUALL_CCACHE})
endif()
# Most of a compilation is the headers that the next one reads again. The price: names in anonymous
# namespaces must differ within a room, and one change compiles its neighbours anew. `dev` does not,
# so that it finds an #include that a file forgot.
if(SQUALL_UNITY)
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 16)
endif()
find_program(SQUALL_MOLD mold)
if(SQUALL_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Boost's own asserts are off in every build, as NDEBUG has them off in release: Beast 1.81 asserts
# that the last chunk of a body has come in one piece, and a slow peer may send it in five.
add_compile_definitions(BOOST_DISABLE_ASSERTS)

add_compile_options(-Wall -Wextra -Wno-missing-field-initializers)
if(SQUALL_UNITY)
  add_compile_options(-Wno-subobject-linkage)  # it takes the sources for headers
endif()
if(SQUALL_SANITIZE)
  add_compile_options(-fsanitize=${SQUALL_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SQUALL_SANITIZE})
  if(SQUALL_SANITIZE MATCHES "thread")
    # Asio's fenced_block uses atomic_thread_fence, which gcc warns about under TSan.
    add_compile_options(-Wno-tsan)
  endif()
endif()
