# What decides must not act: an archive of the pure rooms refers to memory, strings, exceptions and
# the standard library, and to nothing that asks or tells the kernel anything.
#
#   cmake -DNM=nm -DARCHIVE=libgatevisor_core.a -P purity.cmake
cmake_minimum_required(VERSION 3.25)

set(allowed
  "gatevisor::.*"
  "std::.*"
  "(typeinfo|typeinfo name|vtable|VTT|guard variable) for (gatevisor|std|__cxxabiv1)::.*"
  "operator (new|delete)(\\[\\])?\\(.*"
  "__cxa_.*" "__gxx_personality_v0" "_Unwind_.*" "__stack_chk_fail" "__dso_handle"
  "_GLOBAL_OFFSET_TABLE_"
  "(mem(chr|cmp|cpy|move|set)|bcmp)" "str(len|cmp|ncmp|chr)"
  "calloc" "free"    # zeros that cost nothing until they are touched
  "powl?"            # delays that grow
  "inet_pton"        # an address from text, no resolver
  # decompressors and a pattern's search: memory to memory, one thread
  "ZSTD_(createDCtx|freeDCtx|DCtx_setParameter|decompressStream|isError)" "LZ4_decompress_safe"
  "lzma_(stream_decoder|code|end)" "pcre2_[a-z_]+_8"
  "strerror(desc|name)_np"  # an error number's words and name, from tables
  "__?_?(asan|ubsan|sanitizer|sancov)_.*" "__(start|stop)_+(asan|sancov).*")

# Other rooms, and the parts of the standard library that have a kernel behind them.
set(forbidden
  "gatevisor::(os|exec|app|protocol)::.*"
  "std::chrono::.*::now\\(.*" "std::random_device.*" "std::filesystem::.*"
  "std::(thread|jthread|this_thread|mutex|condition_variable|__condvar|future).*"
  "std::(cout|cerr|clog|cin|ios_base).*" "std::basic_(ifstream|ofstream|fstream|filebuf).*"
  "std::_V2::.*category.*")

execute_process(COMMAND ${NM} -A -C -u ${ARCHIVE}
  OUTPUT_VARIABLE output ERROR_VARIABLE problem RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${NM} ${ARCHIVE}: ${problem}")
endif()
string(REPLACE "\n" ";" lines "${output}")

# Whether one of the patterns describes the whole of `symbol`.
function(describes result symbol)
  foreach(pattern IN LISTS ARGN)
    if(symbol MATCHES "^${pattern}$")
      set(${result} TRUE PARENT_SCOPE)
      return()
    endif()
  endforeach()
  set(${result} FALSE PARENT_SCOPE)
endfunction()

set(symbols 0)
set(offenders "")
foreach(line IN LISTS lines)
  if(NOT line MATCHES "^.*[.]a:([^:]+): +[Uwv] (.+)$")
    continue()
  endif()
  set(object "${CMAKE_MATCH_1}")
  set(symbol "${CMAKE_MATCH_2}")
  math(EXPR symbols "${symbols} + 1")
  describes(is_allowed "${symbol}" ${allowed})
  describes(is_forbidden "${symbol}" ${forbidden})
  if(is_forbidden OR NOT is_allowed)
    string(APPEND offenders "\n  ${object}: ${symbol}")
  endif()
endforeach()

if(symbols EQUAL 0)
  message(FATAL_ERROR "${ARCHIVE}: no symbol was read, nothing is proved")
endif()
if(offenders)
  message(FATAL_ERROR "${ARCHIVE} refers to what a pure room may not use:${offenders}")
endif()
message(STATUS "${ARCHIVE}: ${symbols} references, all of them pure")
