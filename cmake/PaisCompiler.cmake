# How every part is compiled: build type, warnings, sanitizers, ccache.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # It keeps what is compiled with a precompiled header only when told that nobody reads __TIME__ or its macros.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros "${CCACHE_PROGRAM}")
endif()

add_library(pais_options INTERFACE)
target_compile_definitions(pais_options INTERFACE PAIS_VERSION="${PROJECT_VERSION}" $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
target_compile_options(pais_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wimplicit-fallthrough
                                             -Wzero-as-null-pointer-constant)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  target_compile_options(pais_options INTERFACE -Wsuggest-override)
else()
  target_compile_options(pais_options INTERFACE -Wreserved-identifier -Winconsistent-missing-override)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 sees overlapping copies in `"text" + string` where there are none (GCC bug 105651).
  target_compile_options(pais_options INTERFACE -Wno-restrict)
  if(PAIS_SANITIZE)  # and there bytes beyond the ends of strings, and in <regex> what nobody has set
    target_compile_options(pais_options INTERFACE -Wno-array-bounds -Wno-maybe-uninitialized)
  endif()
endif()
if(PAIS_WARNINGS_AS_ERRORS)
  target_compile_options(pais_options INTERFACE -Werror)
endif()

# What is shipped listens to strangers: the compiler's and the linker's own guards are on.
target_compile_options(pais_options INTERFACE
  "$<$<CONFIG:Release>:-fstack-protector-strong;-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>")
target_link_options(pais_options INTERFACE "$<$<CONFIG:Release>:LINKER:-z,relro,-z,now>")

if(PAIS_SANITIZE)
  target_compile_options(pais_options INTERFACE -fsanitize=${PAIS_SANITIZE} -fno-omit-frame-pointer
                                                -fno-sanitize-recover=all)
  target_link_options(pais_options INTERFACE -fsanitize=${PAIS_SANITIZE})
endif()
