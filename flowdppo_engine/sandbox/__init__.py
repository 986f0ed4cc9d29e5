"""The sandbox: a small world of coloured shapes in which everything is real and a run takes minutes on two cores."""
