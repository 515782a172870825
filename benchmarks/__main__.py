"""`python -m benchmarks`: the table of leafgrad's speed beside torch's.

Times are medians; a ratio is leafgrad / torch, below 1 where leafgrad is faster, with the middle half of the
rounds' ratios beside it. Both run in one process, in turns, on two threads; nothing else should run.
"""

import argparse

from . import harness


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        help="small: small tensors; transforms: torch.func; checkpoint: a checkpointed network; "
        "pointwise: the chain on 2^20 elements; ops: each op at 2^20; "
        "import, chain, memory: in processes of their own. Default: all but ops",
    )
    parser.add_argument("--only", nargs="+", metavar="WORD", help="of the ops, those with one of these words")
    parser.add_argument("--save", action="store_true", help="add the ratios to benchmarks/history")
    options = parser.parse_args()
    harness.settle_environment()

    from . import alone, checkpoint, large, small, table, transforms

    parts = {
        "small": small.rows,
        "transforms": transforms.rows,
        "checkpoint": checkpoint.rows,
        "pointwise": large.chain_rows,
        "ops": lambda: large.op_rows(options.only),
        "import": alone.import_rows,
        "chain": alone.chain_rows,
        "memory": alone.memory_rows,
    }
    unknown = set(options.parts) - set(parts)
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(parts)}")
    rows = []
    table.print_head()
    for name in options.parts or parts:
        for row in parts[name]():
            table.print_row(row)
            rows.append(row)
    table.print_over(rows)
    if options.save:
        table.save(rows)


if __name__ == "__main__":
    main()
