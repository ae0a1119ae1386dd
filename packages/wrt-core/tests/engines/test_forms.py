"""Both forms of translated control do what the reference interpreter does.

The structured form is the subtle one: it has one variable for branches that leave several constructs, guards that
skip what such a branch passes, and loops that run once. Random programs look for what nobody thought of; the shapes
below are those that were thought of, each with control that takes every way through it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from random import Random
from types import FrameType
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wrt_core.engines.stackless import compiled
from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.function import translating
from wrt_core.engines.stackless.translation.writing.dispatched import write_dispatched
from wrt_core.engines.stackless.translation.writing.structured import write_structured
from wrt_core.testing import Kind, ModuleBuilder, Program, disagreement, random_program
from wrt_foundation.plugins import get_plugin_manager

FORMS = {"structured": write_structured, "dispatched": write_dispatched}
PLUGINS = get_plugin_manager()
MOST_LINES = 200_000


class Stuck(BaseException):
    """Translated code runs on and on, where the interpreter came to an end."""


@contextmanager
def watched() -> Iterator[None]:
    """Stop translated code that does not end: a wrong branch likes to become an endless loop."""
    lines = 0

    def line(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        if lines > MOST_LINES:
            raise Stuck
        return line

    before = sys.gettrace()
    sys.settrace(lambda frame, event, _: line if frame.f_code.co_filename.startswith("<wasm") else None)
    try:
        yield
    finally:
        sys.settrace(before)


def check(program: Program, form: str, seed: int, rounds: int = 4) -> None:
    with patch.object(compiled, "translating", partial(translating, write=FORMS[form])), watched():
        complaint = disagreement(program, StacklessEngine(plugins=PLUGINS), seed, rounds=rounds)
    assert complaint is None, f"{complaint}\n{program}"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.value)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=False), size=st.sampled_from((4, 12, 30, 60)), seed=st.integers(0, 1 << 32))
def test_random_programs(form: str, kind: Kind, random: Random, size: int, seed: int) -> None:
    check(random_program(random, kind, size=size), form, seed)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", [Kind.CONTROL, Kind.MIXED], ids=lambda kind: kind.value)
def test_many_programs(form: str, kind: Kind) -> None:
    # Hypothesis draws small programs; these are of all sizes.
    for seed in range(1_000, 1_120):
        check(random_program(Random(seed), kind, size=(20, 40, 80, 150)[seed % 4]), form, seed, rounds=6)


LOG, CHOOSE = "call 0", "call 1"


def log(number: int) -> str:
    return f"i32.const {number} {LOG}"


SHAPES = {
    # An inner loop leaves a block through `br`, whose value must not stop what follows the block.
    "a value of br that is left behind": f"""
        block
          block
            {CHOOSE} br_if 1
            {CHOOSE} if
              {log(1)} {CHOOSE} br_if 1 {log(2)}
            else
              block
                loop {CHOOSE} br_if 1 {CHOOSE} br_if 0 end
                {log(3)}
              end
            end
            {log(4)}
          end
          {log(5)}
        end
        {log(6)}""",
    # The same, where the loop that leaves goes round again with it.
    "a value of br in the next round": f"""
        loop
          block
            block
              loop {CHOOSE} br_if 1 {CHOOSE} br_if 2 {CHOOSE} br_if 0 end
              {log(1)} {CHOOSE} br_if 1 {log(2)}
            end
            {log(3)} {CHOOSE} br_if 0 {log(4)}
          end
          {log(5)} {CHOOSE} br_if 0
        end""",
    "a table without labels beside others": f"""
        block block block
          {CHOOSE} br_if 1 {CHOOSE} br_table 1
        end {log(1)} {CHOOSE} br_table 0 1 0 end {log(2)} end {log(3)}""",
    # Text with its own `if` in it, where that of the branch has one too.
    "a condition that is a choice": f"""
        {CHOOSE} {CHOOSE} {CHOOSE} select
        if {log(1)} else {log(2)} end""",
    "a table's index that is a choice": f"""
        block block
          {CHOOSE} {CHOOSE} {CHOOSE} select br_table 1 0
        end {log(1)} end {log(2)}""",
    "branches out of nested loops, to each of their heads and past them": f"""
        block
          loop
            loop
              loop
                {log(1)} {CHOOSE} br_table 0 1 2 3 0
              end
              {log(2)} {CHOOSE} br_table 0 1 2 0
            end
            {log(3)} {CHOOSE} br_table 0 1 0
          end
          {log(4)}
        end
        {log(5)}""",
    "a switch in a loop: a machine of states": f"""
        loop
          block
            block block block block
              local.get 0 br_table 0 1 2 3 4
            end {log(0)} {CHOOSE} local.set 0 br 4
            end {log(1)} {CHOOSE} local.set 0 {CHOOSE} br_if 3
            end {log(2)} {CHOOSE} br_if 1 {CHOOSE} local.set 0 br 2
            end {log(3)} {CHOOSE} br_if 0 {log(33)}
          end
          {log(4)} {CHOOSE} local.tee 0 br_if 0
        end
        {log(5)}""",
    "cases that fall through and cases that leave": f"""
        block block block block block block
          {CHOOSE} br_table 0 1 2 3 4 5 5
        end {log(0)} end {log(1)} {CHOOSE} br_if 3
        end {log(2)} {CHOOSE} if {log(20)} br 3 else {log(21)} end
        end {log(3)} br 1
        end {log(4)} {CHOOSE} br_if 0
        end {log(5)}""",
    "lines and branches before the table": f"""
        block block block
          {log(1)} {CHOOSE} br_if 2 {log(2)} {CHOOSE} if {log(3)} br 1 end {CHOOSE} br_table 0 1 2 1
        end {log(4)} end {log(5)} {CHOOSE} br_if 0 {log(6)} end {log(7)}""",
    "arms that both go elsewhere": f"""
        block block block
          {CHOOSE} if {CHOOSE} br_if 2 {log(1)} br 1 else {CHOOSE} br_if 3 {log(2)} {CHOOSE} br_if 0 br 2 end
        end {log(3)} end {log(4)} end {log(5)}""",
    "an arm that falls, with a branch inside and code behind": f"""
        block
          block
            {CHOOSE} br_if 1
            {CHOOSE} if {log(1)} br 1 else {CHOOSE} if {log(2)} br 2 end {log(3)} end
            {log(4)} {CHOOSE} br_if 0 {log(5)}
          end
          {log(6)}
        end
        {log(7)}""",
    "loops that end in a condition, one in the other": f"""
        loop
          {log(1)}
          loop {log(2)} {CHOOSE} br_if 0 {CHOOSE} br_if 1 end
          {CHOOSE} if {log(3)} else loop {log(4)} {CHOOSE} br_if 0 end end
          {CHOOSE} br_if 0
        end
        {log(5)}""",
    "values of branches to different heights": f"""
        i32.const 7
        block i32
          i32.const 8 i32.const 9
          block i32
            {CHOOSE} {CHOOSE} br_table 0 1 0 1 0
          end
          i32.add i32.add
        end
        i32.add {LOG}""",
    "values out of a loop": f"""
        i32.const 10
        block i32
          loop i32
            {CHOOSE} {CHOOSE} br_if 1
            {CHOOSE} br_if 1
            drop i32.const 4 {CHOOSE} br_if 1
            drop {CHOOSE} br_if 0 i32.const 5
          end
          i32.const 1 i32.add
        end
        i32.add {LOG}""",
    "exceptions between blocks and loops": f"""
        block
          loop
            block
              block
                try_table catch 0 0 catch 1 1 catch_all 2
                  {log(1)} {CHOOSE} if throw 0 end
                  {CHOOSE} if throw 1 end
                  {CHOOSE} br_if 2
                  {CHOOSE} br_if 0
                  {CHOOSE} br_if 4
                  {log(2)} {CHOOSE} if throw 2 end
                end
                {log(3)} {CHOOSE} br_if 2
              end
              {log(4)} {CHOOSE} br_if 1
            end
            {log(5)} {CHOOSE} br_if 0
          end
          {log(6)}
        end
        {log(7)}""",
    "a handler in a handler": f"""
        block
          block
            try_table catch 0 0
              block
                try_table catch 1 0 {CHOOSE} if throw 0 end {CHOOSE} if throw 1 end {log(1)} end
                {log(2)} {CHOOSE} if throw 0 end br 2
              end
              {log(3)} {CHOOSE} if throw 1 end {CHOOSE} if throw 0 end
            end
            {log(4)} br 1
          end
          {log(5)}
        end
        {log(6)}""",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", SHAPES)
def test_shape(form: str, shape: str) -> None:
    builder = ModuleBuilder()
    builder.import_function("env", "log", "i32 ->")
    builder.import_function("env", "choose", "-> i32")
    for _ in range(3):
        builder.tag(None, "->")
    builder.memory(1)
    builder.function("f", "->", SHAPES[shape], "i32")
    check(Program(builder.bytes(), (SHAPES[shape],)), form, 0, rounds=300)


@pytest.mark.parametrize("form", FORMS)
def test_a_form_that_branches_wrongly_is_found(form: str) -> None:
    # The comparison would be worth nothing if it agreed with anything.
    builder = ModuleBuilder()
    builder.import_function("env", "log", "i32 ->")
    builder.import_function("env", "choose", "-> i32")
    builder.memory(1)
    builder.function("f", "->", f"block {CHOOSE} br_if 0 {log(1)} end {log(2)}")
    program = Program(builder.bytes(), ())

    right = FORMS[form]

    def wrong(body: Any, source: Any) -> None:
        right(body, source)
        for line in source.lines:
            line.text = line.text.replace("f0(1)", "f0(3)")

    with pytest.raises(AssertionError, match="logs"), patch.dict(FORMS, {form: wrong}):
        check(program, form, 0)
