/* What the modules beside this file are built from, by build.sh. */
#include "shapes.h"

__attribute__((import_module("host"), import_name("fail"))) void fail(int);

static int table[4] = {1, 2, 3, 4};

__attribute__((noinline)) int divide(int a, int b) {
  int doubled = twice(a);
  return doubled / b;
}

__attribute__((noinline)) int pick(int index) {
  if (index > 3)
    __builtin_trap();
  return table[index];
}

__attribute__((export_name("average"))) int average(int count) {
  int sum = 0;
  for (int i = 0; i < 4; i++)
    sum += pick(i);
  return divide(sum, count);
}

__attribute__((export_name("choose"))) int choose(int index) {
  return pick(index) + 1;
}

__attribute__((export_name("complain"))) int complain(int code) {
  int result = code + 1;
  fail(result);
  return result;
}

int never_called(int a) {
  return a * 3;
}
