# Libraries from their own repositories, each at a fixed commit, for machines that have git and not the packages.
#
# A copy that is already on the machine is used instead with -DFETCHCONTENT_SOURCE_DIR_<NAME>=<folder>. Apart from
# GoogleTest's and OpenSSL's, no build system of theirs is run: their C files become one static library here.
# docs/decisions/0002-dependencies.md tells how this is tried out.

include(FetchContent)
include(ProcessorCount)

# Brings the sources of <name> and sets ${<name>_SOURCE_DIR} and ${<name>_BINARY_DIR}, building nothing.
macro(pais_sources name repository commit)
  FetchContent_Declare(${name} GIT_REPOSITORY ${repository} GIT_TAG ${commit} SOURCE_SUBDIR built-by-pais)
  FetchContent_MakeAvailable(${name})
endmacro()

function(pais_header_library name target include_dir)
  add_library(pais_fetched_${name} INTERFACE)
  target_include_directories(pais_fetched_${name} SYSTEM INTERFACE "${include_dir}")
  add_library(${target} ALIAS pais_fetched_${name})
endfunction()

# pais_c_library(<name> <target> SOURCES a.c … INCLUDES dir … [DEFINITIONS x …])
function(pais_c_library name target)
  cmake_parse_arguments(PARSE_ARGV 2 lib "" "" "SOURCES;INCLUDES;DEFINITIONS")
  add_library(pais_fetched_${name} STATIC ${lib_SOURCES})
  target_include_directories(pais_fetched_${name} SYSTEM PUBLIC ${lib_INCLUDES})
  target_compile_definitions(pais_fetched_${name} PRIVATE ${lib_DEFINITIONS})
  target_compile_options(pais_fetched_${name} PRIVATE -w)
  add_library(${target} ALIAS pais_fetched_${name})
endfunction()

function(pais_fetch_nlohmann_json)
  # 3.12.0
  pais_sources(nlohmann_json https://github.com/nlohmann/json.git 55f93686c01528224f448c19128836e7df245f72)
  pais_header_library(nlohmann_json nlohmann_json::nlohmann_json "${nlohmann_json_SOURCE_DIR}/include")
endfunction()

function(pais_fetch_httplib)
  # 0.50.1
  pais_sources(httplib https://github.com/yhirose/cpp-httplib.git 62d899feac3cf9215a55f2b43da250fdd98d2156)
  pais_header_library(httplib PkgConfig::httplib "${httplib_SOURCE_DIR}")
  target_compile_definitions(pais_fetched_httplib INTERFACE CPPHTTPLIB_OPENSSL_SUPPORT CPPHTTPLIB_ZLIB_SUPPORT)
  target_link_libraries(pais_fetched_httplib INTERFACE OpenSSL::SSL OpenSSL::Crypto ZLIB::ZLIB Threads::Threads)
  if(EXISTS "${httplib_SOURCE_DIR}/httplib.cpp")  # a copy whose definitions were split off, as others carry it
    add_library(pais_fetched_httplib_split STATIC "${httplib_SOURCE_DIR}/httplib.cpp")
    target_compile_options(pais_fetched_httplib_split PRIVATE -w)
    target_link_libraries(pais_fetched_httplib_split PRIVATE pais_fetched_httplib)
    target_link_libraries(pais_fetched_httplib INTERFACE $<LINK_ONLY:pais_fetched_httplib_split>)
  endif()
endfunction()

function(pais_fetch_protozero)
  # 1.8.2
  pais_sources(protozero https://github.com/mapbox/protozero.git 010435dd43330f9ef1dac1b2b7987e90cb56b4df)
  pais_header_library(protozero protozero::protozero "${protozero_SOURCE_DIR}/include")
endfunction()

function(pais_fetch_zlib)
  # 1.3.1
  pais_sources(zlib https://github.com/madler/zlib.git 51b7f2abdade71cd9bb0e7a373ef2610ec6f9daf)
  file(GLOB sources "${zlib_SOURCE_DIR}/*.c")
  pais_c_library(zlib ZLIB::ZLIB SOURCES ${sources} INCLUDES "${zlib_SOURCE_DIR}"
                 DEFINITIONS HAVE_UNISTD_H HAVE_STDARG_H)
endfunction()

function(pais_fetch_hiredis)
  # 1.2.0; its headers are included as <hiredis/…>, so they are laid into a folder of that name.
  pais_sources(hiredis https://github.com/redis/hiredis.git 60e5075d4ac77424809f855ba3e398df7aacefe8)
  file(GLOB headers "${hiredis_SOURCE_DIR}/*.h")
  file(COPY ${headers} DESTINATION "${hiredis_BINARY_DIR}/include/hiredis")
  file(GLOB sources "${hiredis_SOURCE_DIR}/*.c")
  list(FILTER sources EXCLUDE REGEX "/(test|ssl|dict)\\.c$")  # async.c includes dict.c itself
  pais_c_library(hiredis PkgConfig::hiredis SOURCES ${sources}
                 INCLUDES "${hiredis_BINARY_DIR}/include" "${hiredis_BINARY_DIR}/include/hiredis"
                 DEFINITIONS _GNU_SOURCE)
endfunction()

function(pais_fetch_nghttp2)
  # 1.63.0
  pais_sources(nghttp2 https://github.com/nghttp2/nghttp2.git 8f44147c385fb1ed93a6f39911eeb30279bfd2dd)
  file(STRINGS "${nghttp2_SOURCE_DIR}/CMakeLists.txt" line REGEX "project\\(nghttp2 VERSION ")
  string(REGEX MATCH "([0-9]+)\\.([0-9]+)\\.([0-9]+)" PACKAGE_VERSION "${line}")
  math(EXPR PACKAGE_VERSION_NUM "(${CMAKE_MATCH_1} << 16) + (${CMAKE_MATCH_2} << 8) + ${CMAKE_MATCH_3}"
       OUTPUT_FORMAT HEXADECIMAL)
  configure_file("${nghttp2_SOURCE_DIR}/lib/includes/nghttp2/nghttp2ver.h.in"
                 "${nghttp2_BINARY_DIR}/include/nghttp2/nghttp2ver.h" @ONLY)
  file(GLOB sources "${nghttp2_SOURCE_DIR}/lib/*.c")
  pais_c_library(nghttp2 PkgConfig::nghttp2 SOURCES ${sources}
                 INCLUDES "${nghttp2_SOURCE_DIR}/lib/includes" "${nghttp2_BINARY_DIR}/include"
                 DEFINITIONS HAVE_ARPA_INET_H HAVE_NETINET_IN_H HAVE_TIME_H HAVE_CLOCK_GETTIME
                             HAVE_DECL_CLOCK_MONOTONIC)
  target_compile_definitions(pais_fetched_nghttp2 PUBLIC NGHTTP2_STATICLIB)
endfunction()

function(pais_fetch_sqlite)
  # 3.50.5 in the making. The repository holds SQLite in many files; its makefile joins them into the one to compile.
  pais_sources(sqlite https://github.com/sqlite/sqlite.git 2e3f9aff4a9f8495e5df0f3ba6e6dddabcc54134)
  add_custom_command(
    OUTPUT "${sqlite_BINARY_DIR}/sqlite3.c" "${sqlite_BINARY_DIR}/sqlite3.h"
    COMMAND "${sqlite_SOURCE_DIR}/configure" --disable-readline
    COMMAND make -s sqlite3.c sqlite3.h
    WORKING_DIRECTORY "${sqlite_BINARY_DIR}"
    COMMENT "Joining the files of SQLite" VERBATIM)
  pais_c_library(sqlite SQLite::SQLite3 SOURCES "${sqlite_BINARY_DIR}/sqlite3.c" INCLUDES "${sqlite_BINARY_DIR}"
                 DEFINITIONS SQLITE_THREADSAFE=1 SQLITE_OMIT_LOAD_EXTENSION)
endfunction()

function(pais_fetch_openssl)
  # 3.5.6. Certificates are looked for where the distribution has them.
  pais_sources(openssl https://github.com/openssl/openssl.git 286ddeaac037533bbdce65b3c689e3f7ffebf0f6)
  set(out "${openssl_BINARY_DIR}/installed")
  file(MAKE_DIRECTORY "${out}/include")
  ProcessorCount(cores)
  add_custom_command(
    OUTPUT "${out}/lib/libssl.a" "${out}/lib/libcrypto.a"
    COMMAND "${openssl_SOURCE_DIR}/Configure" no-shared no-tests no-legacy --prefix=${out} --libdir=lib
            --openssldir=/etc/ssl
    COMMAND make -s -j${cores} build_libs
    COMMAND make -s install_dev
    WORKING_DIRECTORY "${openssl_BINARY_DIR}"
    COMMENT "Building OpenSSL" VERBATIM)
  add_custom_target(pais_fetched_openssl DEPENDS "${out}/lib/libssl.a" "${out}/lib/libcrypto.a")
  foreach(library IN ITEMS Crypto SSL)
    string(TOLOWER ${library} file)
    add_library(OpenSSL::${library} STATIC IMPORTED GLOBAL)
    set_target_properties(OpenSSL::${library} PROPERTIES
      IMPORTED_LOCATION "${out}/lib/lib${file}.a" INTERFACE_INCLUDE_DIRECTORIES "${out}/include")
    add_dependencies(OpenSSL::${library} pais_fetched_openssl)
  endforeach()
  target_link_libraries(OpenSSL::Crypto INTERFACE Threads::Threads ${CMAKE_DL_LIBS})
  target_link_libraries(OpenSSL::SSL INTERFACE OpenSSL::Crypto)
endfunction()

function(pais_fetch_googletest)
  # 1.14.0
  FetchContent_Declare(googletest GIT_REPOSITORY https://github.com/google/googletest.git
                                  GIT_TAG f8d7d77c06936315286eb55f8de22cd23c188571)
  set(INSTALL_GTEST OFF)
  set(CMAKE_VERIFY_INTERFACE_HEADER_SETS OFF)
  FetchContent_MakeAvailable(googletest)
endfunction()
