# squall_library(SRCS … DEPS … LIBS …): one directory, one library, one room.
# The name follows from the directory: daemon/stats -> squall::daemon_stats.
# DEPS are rooms ("daemon/base"), LIBS are third-party targets. The declared DEPS are written to
# build/layers.txt, where the `layers` test compares them with the #include lines.

set_property(GLOBAL PROPERTY SQUALL_LAYERS "")

function(_squall_room_target room out)
  string(REPLACE "/" "_" name "${room}")
  set(${out} "squall_${name}" PARENT_SCOPE)
endfunction()

function(_squall_link target)
  cmake_parse_arguments(arg "" "" "DEPS;LIBS" ${ARGN})
  foreach(dep IN LISTS arg_DEPS)
    _squall_room_target(${dep} dep_target)
    target_link_libraries(${target} PUBLIC ${dep_target})
  endforeach()
  target_link_libraries(${target} PUBLIC ${arg_LIBS} Threads::Threads)
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
endfunction()

# Notes "room: dep dep" for layers.txt. Joined with spaces: a list inside a list would flatten.
function(_squall_record_layer)
  file(RELATIVE_PATH room ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  string(REPLACE ";" " " deps "${ARGN}")
  set_property(GLOBAL APPEND PROPERTY SQUALL_LAYERS "${room}: ${deps}")
endfunction()

function(squall_library)
  cmake_parse_arguments(arg "" "" "SRCS;DEPS;LIBS" ${ARGN})
  file(RELATIVE_PATH room ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  _squall_room_target(${room} target)
  add_library(${target} STATIC ${arg_SRCS})
  string(REPLACE "/" "_" alias ${room})
  add_library(squall::${alias} ALIAS ${target})
  _squall_link(${target} DEPS ${arg_DEPS} LIBS ${arg_LIBS})
  _squall_record_layer(${arg_DEPS})
endfunction()

# squall_program(name SRCS … DEPS … LIBS …): an executable in build/<preset>/bin.
function(squall_program name)
  cmake_parse_arguments(arg "" "" "SRCS;DEPS;LIBS" ${ARGN})
  add_executable(${name} ${arg_SRCS})
  _squall_link(${name} DEPS ${arg_DEPS} LIBS ${arg_LIBS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  _squall_record_layer(${arg_DEPS})
endfunction()

# squall_bench(name SRCS … DEPS … LIBS …): a program that scripts/bench runs, in
# build/<preset>/bench, apart from what users get.
function(squall_bench name)
  cmake_parse_arguments(arg "" "" "SRCS;DEPS;LIBS" ${ARGN})
  add_executable(${name} ${arg_SRCS})
  _squall_link(${name} DEPS ${arg_DEPS} LIBS ${arg_LIBS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
endfunction()

# squall_test(SRCS … [DEPS …] [LIBS …] [PROGRAMS …]): the one test binary of a room; its directory
# under tests/ mirrors the room (tests/daemon/stats tests daemon/stats), which it links without
# being told. PROGRAMS are targets that it runs. Nothing without SQUALL_BUILD_TESTS. Tests run in
# the root of the tree; the paths they are given are relative to it, since an absolute one on the
# command line would spoil ccache for every other clone.
function(squall_test)
  if(NOT SQUALL_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "SRCS;DEPS;LIBS;PROGRAMS" ${ARGN})
  file(RELATIVE_PATH room ${CMAKE_SOURCE_DIR}/tests ${CMAKE_CURRENT_SOURCE_DIR})
  file(RELATIVE_PATH binary_dir ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  string(REPLACE "/" "_" name "${room}")
  set(target "${name}_test")
  add_executable(${target} ${arg_SRCS})
  if(TARGET squall_${name})
    target_link_libraries(${target} PRIVATE squall_${name})
  endif()
  _squall_link(${target} DEPS ${arg_DEPS} LIBS ${arg_LIBS} GTest::gtest_main)
  target_compile_definitions(${target} PRIVATE SQUALL_SOURCE_DIR="."
                                               SQUALL_BINARY_DIR="${binary_dir}")
  if(SQUALL_SANITIZE)
    # Saves a third of its compilation; the code under test keeps its -O1.
    target_compile_options(${target} PRIVATE -O0)
  endif()
  if(arg_PROGRAMS)
    add_dependencies(${target} ${arg_PROGRAMS})  # which the test runs
  endif()
  add_test(NAME ${name} COMMAND ${target} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300)
endfunction()

# squall_fuzzer(name SRCS … DEPS … LIBS …): SRCS define LLVMFuzzerTestOneInput; the seeds stand in
# tests/fuzz/seeds/<name>/. The fuzz preset makes build/fuzz/fuzzers/<name>, which scripts/fuzz
# runs; every other preset makes a test that replays the seeds once, so a crash that was found
# stays found.
function(squall_fuzzer name)
  if(NOT SQUALL_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "SRCS;DEPS;LIBS" ${ARGN})
  set(target "fuzz_${name}")
  if(SQUALL_BUILD_FUZZERS)
    add_executable(${target} ${arg_SRCS})
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${target} PROPERTIES
      OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzzers)
    if(NOT TARGET fuzzers)
      add_custom_target(fuzzers)
    endif()
    add_dependencies(fuzzers ${target})
  else()
    add_executable(${target} ${arg_SRCS} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cc)
    add_test(NAME ${target} COMMAND ${target} tests/fuzz/seeds/${name}
             WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${target} PROPERTIES TIMEOUT 300)
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)  # sources of several rooms
  _squall_link(${target} DEPS ${arg_DEPS} LIBS ${arg_LIBS})
endfunction()

# One line a room, "room: dep dep", for the `layers` test.
function(squall_write_layers)
  get_property(rooms GLOBAL PROPERTY SQUALL_LAYERS)
  list(JOIN rooms "\n" lines)
  file(WRITE ${CMAKE_BINARY_DIR}/layers.txt "${lines}\n")
endfunction()
