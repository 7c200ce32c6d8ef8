"""What the report says about its tables: how they were measured, and what they do not show."""

INTRODUCTION = """# Performance

Written by `make report` from the files under `loadtest/results/`; do not edit it. Each file
there holds the commit, the machine, the command and the raw output of its run.

**What these figures can show.** All but one ran on a virtual machine of two cores, the server on
one and the generator on the other, while other work shared the machine. There, the same request
takes up to four times as long from one hour to the next, so a rate says little: compare only
what one run measured, interleaved, as the ratios here do. Throughput beyond one core of server
cannot be measured there at all: replicas are studied with small CPU limits. Workers with a core
each were studied on a shared machine of sixteen, whose speed wavers as much.
"""
PEERS = """## Beside other servers

The same 28x28 digits and the same weights, one worker on one core, JSON in and out, wrk with 8
connections on the other core; rounds interleaved, servers not asked stand still. The SVM of every
peer is what scikit-learn fitted, behind our features: it asks its ten machines one after the
other, each of which checks what it is given, where ours multiplies their matrices once. Networks
run by LiteRT, as ours, and by Keras in the design of 2018. The peers neither normalise pictures
nor limit what they read nor count what they answer; ours does all three, with its cache off.
"p99" is at the same rate for both, 80 % of what the peer can do, asked at the same random times
(`loadtest/poisson`), from when each request was due: the median of the rounds. Of it 1.2 to 1.8 ms
are the generator's and the machine's own, as a request that computes nothing shows. A ratio above 1
is in our favour. The networks of the design of 2018 answer so slowly that two seconds of 8
connections hold few whole answers: its rate comes out up to half too low, and the ratio to believe
is that of ab.
"""
AB = """## The ab scenario of 2018

`ab` with JSON bodies of one digit, our cache off, beside the design of 2018: Flask's development
server and Keras' `predict`, with today's networks, the CNN of an eighth of the arithmetic of that
of 2018. Each point lasts two seconds, so that from concurrency 8 on many requests of the old design
are not finished in it and its rate is too low; the ratio in bold leaves those out. In the MLP's
first point Keras still prepares its first answer; by now the server does that at its start.
"""
SCALING = """## Replicas and workers

Replicas of the chart behind the ingress ("cluster"), or gunicorn workers of one service on one
core ("workers"), each limited by the kernel to the same small share of a core; or workers with a
whole core each ("cores"). Saturated by 8 connections of wrk for each, from cores that serve
nothing; or by 8 of Locust's users for each, who check every answer and ask all models for drawings
of 112x112, since for digits of 28x28 Locust's one core is full before two pods are. "open p99" is
at 60 % of the saturated rate, at random times (`loadtest/poisson`): what comes together is answered
together, for two thirds of the CPU, so a small pod at that rate is busy nearly all of its quota.
The law is X(N) = rate N / (1 + alpha (N - 1) + beta N (N - 1)); in brackets, and shaded in the
picture, 95 % of 400 bootstrap fits.

**What two cores can show.** Pods, ingress, generator, the cluster's own processes and everything
else on the machine share two cores, so equal small limits are the only way to give N pods N times
the CPU of one. That holds as long as the column "machine" stays clearly below 2: from where it
does not, pods no longer get what their limit allows (the column "service" falls below N times the
limit) or get it with cold caches (the CPU of a request grows), and the efficiency is that of the
machine, not of the service. The service itself shares nothing between replicas that could cost:
no lock, no database, no leader; the ingress is one process for all. An efficiency above 1 is no
gain of replicas: a request to the lone pod was dearer in these short rounds, for reasons that the
study does not tell; the law has no negative alpha and says 0 of it.

**Bursts.** Kubernetes limits by CFS quota in periods of 100 ms: a pod of 100m computes for 10 ms
at full speed and then stands still for up to 90. Its throughput is exactly a tenth of a core, so
the study of throughput is fair; its latency is not that of a slower core, and the p99 near
saturation is made of these pauses. Workers are limited in periods of 10 ms instead, since there
we choose.
"""
CAPACITY = """## The capacity model

`mnist-api capacity --rate 5000 --p99 20ms --model cnn --hit-ratio 0.3` answers with replicas, CPU
requests and the autoscaler's target. It computes with the figures below, which are packaged with
the service (`--figures` takes others: measure your own nodes by `make capacity`), and plays a queue
through instead of using a formula (`service/mnist_api/capacity/queueing.py`): random arrivals
(Poisson), each pod with a queue of its own, the ingress giving each request to the pod that has
fewest (`least_conn`), a request that wakes an idle pod costing the more CPU the longer it slept,
and, with `--limited`, the kernel stopping a pod that has used its quota of the period of 100 ms
until the next begins (two quotas: the kubelet limits the container, and to the same its pod, whose
periods begin at other times). A pod without limit computes at the speed of its CPU request, of
which it is sure on a full node. To each wait a latency without load is added, drawn from those
measured, and longer the more of the nodes' CPU all that runs there uses: by 1 / (1 - use), as for
whoever shares a processor (`--node-use`, half of it unless you say). Where Pollaczek's and
Khinchine's formula holds, a test compares. Plans count with the upper end of the band of a
request's CPU and with a quarter longer for everything, because a shared machine is by so much
slower in some minutes than when it was measured ("careful"), and keep the p99 also when the rate
has grown by a quarter (`--growth`), which new pods take half a minute to meet. The autoscaler acts
only from a tenth above its target on.

What a request costs depends on how it comes. Eight connections of wrk that wait for each other
are the cheapest to serve: one request follows another. One that finds its pod long asleep costs
several times as much, on this shared machine, whose caches others fill meanwhile; after some
milliseconds of sleep ("cooling") 63 % of that. So a pod with a small quota, which sleeps most of
the time however much is asked, does less than wrk shows, and the model counts that. Cost and
cooling are fitted to wrk's saturation and to random arrivals at 5, 20 and 35 % of it; answers from
the pod's cache are measured by wrk alone and take the same factor. The latency without load is
that at a fifth, of each quantile the middle one of the turns: at a twentieth not only the pod falls
asleep between two requests but all that is on the way, and answers come later than under load.
`--model drawing` is what the page sends, a picture of 112x112 of which all models are asked.

And a shared machine is slow or fast for some tenths of a second at a time; the model draws each
moment's pace. By how much it differs, is what makes quotas stop the played pod as often as they
stopped the real one at 35 %, with the same CPU in use: at an even pace they hardly would.

The trial: pods with a CPU limit (the hard case: no formula has the quota's pauses) behind the
ingress, asked at random times by vegeta's library (`loadtest/poisson`), which goes before all
others on its core (`chrt`), so that how long it waits for one is not counted. "Load" is the share
of their limit that the pods use in the mean, as the model says; "quota used" is what they used.
The one pod that the figures are fitted to is measured in turns with the pods that the model is
tried on: a shared machine is a fifth faster or slower in the next quarter of an hour, and figures
from before a trial would tell that. Each point is measured in every turn, several times, the most
often where the runs differ the most; all columns are the middle one of the runs, but for the half
of them that lies in the middle. "These arrivals" is the model's p99 of exactly the arrivals that
were sent; "any arrivals" is what it expects of the rate in general. "Model with it" is the model's
p99 of these arrivals if a request costs what it cost in those very seconds, by the pods' own CPU
time. "Too much" in the column "careful" is where `mnist-api capacity` would plan more pods.

Near its quota a pod's p99 is 2 ms in one run and 40 in the next of the same point (see "of half of
them"), because some tenths of a second in which all costs a quarter more stop it. Ten per cent more
load are several times the p99 there. So what single seconds bring nobody can say; what the model
says is the middle of many, and plans are made with a quarter to spare and end before that edge.
Of the 36 points up to 80 % load in four trials the model is further off than a quarter at two, both
of one pod at 80 %: in the third trial it used 85 % of its quota instead, and in the fourth half of
its runs lie between 1.4 and 17.7 ms. (The first two trials are older than the way in which the
pace's wander is found, and are compared with what it makes of their own calibrations. The fourth is
of another machine, about twice as fast, and behind an ingress that keeps 256 connections, not 32,
and lets as many requests through to a pod: what was refused for that is among the errors.)
Nor does the model know how much of the node is in use; a trial takes what was measured ("machine's
cores busy", of two, which are two threads of one in the first three trials), the generator's part
included, and a plan for other nodes has to be told.
"""

AUTOSCALING = """## The autoscaler

The chart's pods and HPA as users get them, but with CPU requests of 50m so that eight pods fit
beside the load, and with a shorter wait before pods are taken away; no CPU limit, as in the
chart's defaults. Locust's `CacheUser` through the ingress, no image twice, every label checked,
the service's cache off. The objective, p99 <= 50 ms and no error, counts outside the first 30 s
of a step (shaded). The controller is configured as `nginx/ingress-values.yaml` says: a first run
without it lost 5 of 20,425 requests to kept connections that nginx closed at the reloads which
new pods cause. A day takes minutes here, so that its evening rises tenfold within 15 s, faster
than pods come: that is no step by the letter, and the objective counts throughout.
"""
