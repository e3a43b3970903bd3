import pathlib

from ledger.cli import main

SAMPLE = pathlib.Path(__file__).parent / "data" / "sample.csv"


def test_balance_is_printed(capsys):
    assert main(["balance", str(SAMPLE)]) == 0
    assert capsys.readouterr().out == "assets:bank: 1240.51\nassets:cash: 0.05\n"
