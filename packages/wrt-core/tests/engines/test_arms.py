"""The arms of an `if` may be written in either order: a branch within one knows nothing of labels in the other."""

from __future__ import annotations

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.testing import ModuleBuilder, Program, disagreement
from wrt_foundation.plugins import get_plugin_manager

PLUGINS = get_plugin_manager()

CODE = """
    block
      local.get 0 i32.const 1 i32.and
      if
        block
          loop
            local.get 2 i32.const 1 i32.add local.tee 2 i32.const 9 i32.gt_u br_if 2
            block
              block
                local.get 1 i32.const 3 i32.and br_table 1 0 2 1
              end
              local.get 1 i32.const 3 i32.add local.set 1
              local.get 2 i32.const 1 i32.add local.tee 2 i32.const 3 i32.gt_u br_if 4
            end
            local.get 1 i32.const 1 i32.add local.set 1
            local.get 0 i32.const 2 i32.and br_if 1
            local.get 2 i32.const 1 i32.add local.tee 2 i32.const 3 i32.lt_u br_if 0
          end
          local.get 1 i32.const 100 i32.add local.set 1
          local.get 0 i32.const 4 i32.and br_if 0
          local.get 1 i32.const 200 i32.add local.set 1
        end
        local.get 1 i32.const 1000 i32.add local.set 1
      else
        block
          block
            block
              local.get 0 i32.const 3 i32.shr_u i32.const 3 i32.and br_table 0 1 2 3
            end
            local.get 1 i32.const 10000 i32.add local.set 1
          end
          local.get 1 i32.const 20000 i32.add local.set 1
        end
        br 1
      end
      local.get 1 i32.const 100000 i32.add local.set 1
    end
    local.get 1
"""
"""Control does not come to the end of the second arm, which is therefore written first.

In the first one, a branch leaves a loop and a block around it, past code that another way out of the loop leads to.
"""


def test_a_branch_past_code_in_the_arm_that_is_written_last() -> None:
    builder = ModuleBuilder()
    builder.memory(1)
    builder.global_("global", "i32", "i32.const 21")
    builder.function("f0", "i32 i32 -> i32", CODE, "i32")
    engine = StacklessEngine(plugins=PLUGINS)
    source = translate(builder.load(engine), 0).source
    assert source.index("+ 0x2710\n") < source.index("+ 100\n") < source.index("+ 1000\n")
    assert disagreement(Program(builder.bytes(), ()), engine, rounds=200) is None
