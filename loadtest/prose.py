"""What the report says about its tables: how they were measured, and what they do not show."""

INTRODUCTION = """# Performance

Written by `make report` from the files under `loadtest/results/`; do not edit it. Each file
there holds the commit, the machine, the command and the raw output of its run.

**What these figures can show.** All ran on one virtual machine of two cores, the server on one
and the generator on the other, while other work shared the machine. There, the same request
takes up to four times as long from one hour to the next, so a rate says little: compare only
what one run measured, interleaved, as the ratios here do. Throughput beyond one core of server
cannot be measured there at all.
"""
PEERS = """## Beside other servers

The same 28x28 digits and the same weights, one worker on one core, JSON in and out, wrk with 8
connections on the other core; rounds interleaved, servers not asked stand still. The SVM is
scikit-learn's SVC with our features in every peer; networks run by LiteRT, as ours, except
scikit-learn's `MLPClassifier` in "FastAPI + scikit-learn" and MLServer, and Keras in the design
of 2018. The peers neither normalise pictures nor limit what they read nor count what they
answer; ours does all three, with its cache off. "p99" is at the same constant rate for both, 60
% of what the peer can do, by vegeta, from when each request was due. A ratio above 1 is in our
favour. The networks of the design of 2018 answer so slowly that two seconds of 8 connections hold
few whole answers: its rate comes out up to half too low, and the ratio to believe is that of ab.
"""
AB = """## The ab scenario of 2018

`ab` with JSON bodies of one digit, our cache off, beside the design of 2018: Flask's development
server and Keras' `predict`, with today's networks, a quarter of the arithmetic of those of 2018.
Each point lasts a second, so that from concurrency 8 on most requests of the old design are not
finished in it and its rate is too low; the ratio in bold leaves those out. The scaling study
(`make scaling`) and the other two models await a quiet machine: their runs were not fit to publish.
"""
SCALING = """## Workers with equal limits

gunicorn workers of one service on one core, each limited by the kernel to the same share of it,
as Kubernetes limits pods; 8 connections of wrk for each on the other core. "open p99" is at 60 %
of the saturated rate, by vegeta. Where "generator" nears 1, it is the generator that is
measured. The law is X(N) = rate N / (1 + alpha (N - 1) + beta N (N - 1)); in brackets 95 % of
400 bootstrap fits.
"""
