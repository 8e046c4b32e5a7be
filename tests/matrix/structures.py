"""Models that matter for their structure: what is joined, shared, nested, started from what.

Each is a name and a spec; the tests build both programs of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

STRUCTURES: dict[str, str] = {
    # ---- sharing
    "shared layer, two inputs": """
model M(a: float[B, T, 6], b: float[B, T, 6]) {
    tower = lstm(5)
    left = a -> tower
    right = b -> tower
    concat(left, right) -> dense(3)
}
""",
    "shared layer, two lengths": """
model M(a: float[B, S, 6], b: float[B, T, 6]) {
    tower = gru(5, return=sequence)
    left = a -> tower
    right = b -> tower
    concat(left.last, right.last) -> dense(3)
}
""",
    "shared layer twice in a row": """
model M(x: float[B, T, 6]) {
    same = dense(6, activation=tanh)
    x -> same -> same -> lstm(4)
}
""",
    "shared layer, other ranks": """
model M(x: float[B, T, 6], y: float[B, 6]) {
    head = dense(3)
    a = x -> head -> flatten_time
    b = y -> head
    add(a, b)
}
model flatten_time(x: float[B, T, 3]) { x -> lstm(3) }
""",
    "shared embedding": """
model M(source: token(11)[B, S], target: token(11)[B, T]) {
    table = embedding(6)
    encoder = source -> table -> lstm(5)
    target -> table -> lstm(5, initial=encoder.state, return=sequence) -> dense(11)
}
""",
    "shared chain with batch norm and dropout": """
model M(a: float[B, T, 6], b: float[B, T, 6]) {
    tower = dense(4) -> batch_norm -> dropout(0.5) -> simple_rnn(3)
    left = a -> tower
    right = b -> tower
    add(left, right)
}
""",
    "shared bidirectional with other states": """
model M(a: float[B, S, 6], b: float[B, T, 6]) {
    reader = bidirectional(lstm(4, return=sequence))
    left = a -> reader
    right = b -> reader
    l = left.last -> dense(2)
    r = right.last -> dense(2)
    add(l, r)
}
""",
    # ---- both ways, apart
    "both ways apart, what flows on": """
model M(x: float[B, T, 3]) {
    ahead, back = x -> bidirectional(lstm(4), merge_mode=none)
    steps, turned = x -> bidirectional(gru(4, return=sequence), merge_mode=none)
    concat(ahead, steps -> lstm(2), back, turned -> lstm(2))
}
""",
    "both ways apart, all fields": """
model M(x: float[B, T, 3]) {
    read = x -> bidirectional(lstm(4), merge_mode=none)
    again = read.forward.sequence -> bidirectional(lstm(4), merge_mode=none, initial=read.state)
    start = add(read.backward.state.c, read.forward.last)
    a = again.backward.sequence -> gru(4, initial=start)
    b = again.backward.last
    concat(a, b, read.backward.last)
}
""",
    "both ways apart, loops and dropout": """
model M(x: float[B, T, 3]) {
    slow = x -> bidirectional(gru(4, activation=softsign, return=sequence), merge_mode=none)
    drop = slow.backward.sequence -> bidirectional(lstm(4, dropout=0.5), merge_mode=none)
    rare = slow.forward.sequence
        -> bidirectional(simple_rnn(4, recurrent_dropout=0.5), merge_mode=none)
    concat(drop.forward.last, rare.backward.state.h, rare.forward.last, slow.backward.last)
}
""",
    # ---- models
    "sub-model, named outputs": """
model Part(x: float[B, T, 4]) -> (all: float[B, T, 3], one: float[B, 2]) {
    all = x -> lstm(3, return=sequence)
    one = all.last -> dense(2)
}
model M(x: float[B, T, 4]) {
    all, one = x -> Part
    extra = all -> gru(2)
    concat(one, extra)
}
""",
    "sub-model, one of its outputs by field": """
model Part(x: float[B, T, 4]) -> (all: float[B, T, 3], one: float[B, 2]) {
    all = x -> lstm(3, return=sequence)
    one = all.last -> dense(2)
}
model M(x: float[B, T, 4]) {
    part = x -> Part
    part.one -> dense(5)
}
""",
    "sub-model twice, weights of its own": """
model Part(x: float[B, N, 4]) { x -> gru(3) }
model M(a: float[B, S, 4], b: float[B, T, 4]) {
    left = a -> Part
    right = b -> Part
    concat(left, right)
}
""",
    "sub-model shared over two lengths": """
model Part(x: float[B, N, 4]) { x -> gru(3, return=sequence) -> batch_norm -> lstm(3) }
model M(a: float[B, S, 4], b: float[B, T, 4]) {
    part = Part
    left = a -> part
    right = b -> part
    concat(left, right)
}
""",
    "sub-model with settings": """
model Block(x: float[B, T, F], units, rate=0.25) {
    x -> lstm(units, return=sequence) -> dropout(rate)
}
model M(x: float[B, T, 4]) { x -> Block(5) -> Block(units=3, rate=0.0) -> dense(2) }
""",
    "sub-model of sub-models": """
model Inner(x: float[B, 4]) { x -> dense(3, activation=relu) -> batch_norm }
model Middle(x: float[B, T, 4]) { x -> each(Inner) -> lstm(4, return=sequence) }
model M(x: float[B, T, 4]) { x -> Middle -> Middle -> dense(1) }
""",
    "sub-model of two inputs": """
model Cross(a: float[B, S, 4], b: float[B, T, 3]) {
    first = a -> lstm(5)
    b -> lstm(5, initial=first.state, return=sequence)
}
model M(p: float[B, S, 4], q: float[B, T, 3]) { Cross(p, q) -> dense(2) }
""",
    "sub-model by named operand": """
model Cross(a: float[B, S, 4], b: float[B, T, 3]) {
    first = a -> gru(5)
    b -> gru(5, initial=first.state)
}
model M(p: float[B, S, 4], q: float[B, T, 3]) { q -> Cross(a=p) -> dense(2) }
""",
    "sub-model that gives a state": """
encoder Read(x: float[B, S, 4]) -> (memory: lstm(5)) {
    seen = x -> lstm(5)
    memory = seen.state
}
decoder Write(y: float[B, T, 3], memory: lstm(5)) {
    y -> lstm(5, initial=memory, return=sequence) -> dense(2)
}
model M(x: float[B, S, 4], y: float[B, T, 3]) {
    read = x -> Read
    Write(y, read.memory)
}
""",
    "sub-model without weights": """
model Both(a: float[B, 3], b: float[B, 3]) { add(a, b) -> activation(tanh) }
model M(x: float[B, 3], y: float[B, 3]) { Both(x, y) -> dense(2) }
""",
    "encoder and decoder": """
param steps = 7
encoder Squeeze(x: float[B, steps, 4]) -> float[B, 6] { x -> lstm(6) }
decoder Unfold(code: float[B, 6]) -> float[B, steps, 4] {
    code -> repeat(steps) -> lstm(4, return=sequence)
}
model M(x: float[B, steps, 4]) -> float[B, steps, 4] { x -> Squeeze -> Unfold }
""",
    # ---- fields
    "fields of one way": """
model M(x: float[B, T, 4])
    -> (last: float[B, 3], all: float[B, T, 3], h: float[B, 3], c: float[B, 3])
{
    run = x -> lstm(3)
    last = run.last
    all = run.sequence
    h = run.state.h
    c = run.state.c
}
""",
    "fields of both ways": """
model M(x: float[B, T, 4])
    -> (last: float[B, 6], all: float[B, T, 6], f: float[B, 3], b: float[B, 3], s: float[B, 3])
{
    run = x -> bidirectional(lstm(3))
    last = run.last
    all = run.sequence
    f = run.forward.state.c
    b = run.backward.state.h
    s = run.state.backward_c
}
""",
    "fields of a slow cell": """
model M(x: float[B, T, 4]) -> (last: float[B, 3], all: float[B, T, 3], h: float[B, 3]) {
    run = x -> gru(3, reset_after=false)
    last = run.last
    all = run.sequence
    h = run.state.h
}
""",
    "fields of both ways, slow": """
model M(x: float[B, T, 4])
    -> (last: float[B, 3], all: float[B, T, 3], f: float[B, 3], b: float[B, 3])
{
    run = x -> bidirectional(simple_rnn(3, activation=relu, return=sequence), merge_mode=ave)
    last = run.last
    all = run.sequence
    f = run.forward.state.h
    b = run.backward.state.h
}
""",
    "last of a sequence": """
model M(x: float[B, T, 4]) {
    all = x -> bidirectional(gru(3, return=sequence), merge_mode=sum)
    once = all -> dense(2) -> lstm(6)
    concat(all.last, once)
}
""",
    # ---- states
    "state output": """
model M(x: float[B, T, 4]) -> (y: float[B, 3], memory: lstm(3)) {
    y = x -> lstm(3)
    memory = y.state
}
""",
    "state input": """
model M(x: float[B, T, 4], memory: lstm(3)) -> float[B, T, 3] {
    x -> lstm(3, initial=memory, return=sequence)
}
""",
    "state in and out": """
model M(x: float[B, T, 4], memory: gru(3)) -> (y: float[B, T, 3], after: gru(3)) {
    y = x -> gru(3, initial=memory, return=sequence)
    after = y.state
}
""",
    "only a state goes out": """
model M(x: float[B, T, 4]) -> (memory: simple_rnn(3)) {
    run = x -> simple_rnn(3)
    memory = run.state
}
""",
    "state by its tensors": """
model M(y: float[B, T, 4], memory: lstm(3)) {
    h = memory.h -> dense(3, activation=tanh)
    y -> lstm(3, initial=[h, memory.c], return=sequence) -> dense(2)
}
""",
    "both ways into one": """
model M(x: float[B, S, 4], y: float[B, T, 4]) {
    read = x -> bidirectional(lstm(3))
    h = concat(read.forward.state.h, read.backward.state.h)
    c = concat(read.forward.state.c, read.backward.state.c)
    y -> lstm(6, initial=[h, c], return=sequence) -> dense(2)
}
""",
    "both ways into both ways": """
model M(x: float[B, S, 4], y: float[B, T, 4]) {
    read = x -> bidirectional(gru(3))
    y -> bidirectional(gru(3, return=sequence), initial=read.state) -> dense(2)
}
""",
    "one way out of both": """
model M(x: float[B, S, 4], y: float[B, T, 4]) {
    read = x -> bidirectional(lstm(3))
    y -> lstm(3, initial=read.backward.state)
}
""",
    "state of another kind": """
model M(x: float[B, S, 4], y: float[B, T, 4]) {
    read = x -> lstm(3)
    y -> gru(3, initial=read.state.c)
}
""",
    "state through a slow cell": """
model M(x: float[B, S, 4], y: float[B, T, 4]) {
    read = x -> lstm(3, activation=softsign)
    y -> lstm(3, recurrent_activation=hard_sigmoid, initial=read.state, return=sequence)
}
""",
    "state shared by two": """
model M(x: float[B, S, 4], y: float[B, T, 4]) {
    read = x -> lstm(3)
    a = y -> lstm(3, initial=read.state)
    b = y -> lstm(3, initial=read.state, return=sequence)
    add(a, b.last, read)
}
""",
    # ---- at each step
    "each model": """
model Head(step: float[B, 4]) { step -> dense(5, activation=relu) -> dense(2) }
model M(x: float[B, T, 4]) { x -> each(Head) }
""",
    "each chain": """
model M(x: float[B, T, 4]) { x -> each(dense(5) -> dropout(0.5) -> dense(2)) }
""",
    "each named chain, shared": """
model M(x: float[B, T, 4], y: float[B, 4]) {
    head = dense(5) -> dropout(0.1) -> dense(2)
    a = x -> each(head) -> lstm(2)
    b = y -> head
    add(a, b)
}
""",
    "each recurrent": """
model M(x: float[B, N, T, 4]) { x -> each(lstm(3)) -> gru(2) }
""",
    "each recurrent with all its steps": """
model M(x: float[B, N, T, 4]) { x -> each(bidirectional(gru(3, return=sequence))) -> each(lstm(2)) }
""",
    "each each": """
model M(x: float[B, N, S, T, 4]) { x -> each(each(lstm(3))) }
""",
    "each each model": """
model Word(letters: token(10)[B, L]) { letters -> embedding(4) -> gru(3) }
model M(text: token(10)[B, N, S, L]) { text -> each(each(Word)) -> each(lstm(2)) -> lstm(3) }
""",
    "each flatten": """
model M(x: float[B, T, 3, 2]) { x -> each(flatten) -> lstm(2) }
""",
    "each repeat": """
model M(x: float[B, T, 4]) { x -> each(repeat(3)) -> each(simple_rnn(2)) }
""",
    "each batch norm": """
model M(x: float[B, T, 4]) { x -> each(batch_norm) -> dense(2) }
""",
    "each over a name": """
model M(x: float[B, Sentences, T, 4]) { x -> each(lstm(3), over=Sentences) }
""",
    "each of a known number of steps": """
model M(x: float[B, 3, 5, 4]) { x -> each(gru(2)) -> flatten -> dense(2) }
""",
    "each model with named outputs": """
model Two(x: float[B, 4]) -> (p: float[B, 2], q: float[B, 3]) {
    p = x -> dense(2)
    q = x -> dense(3)
}
model M(x: float[B, T, 4]) {
    p, q = x -> each(Two)
    concat(p, q) -> lstm(2)
}
""",
    # ---- shapes
    "fixed batch": """
model M(x: float[3, T, 4]) -> float[3, 2] { x -> lstm(2) }
""",
    "time is not time": """
model M(x: float[B, F, T, 3]) { x -> dense(2) -> each(flatten_two) }
model flatten_two(x: float[B, T, 2]) { x -> gru(3) }
""",
    "concat over time": """
model M(x: float[B, S, 4], y: float[B, T, 4]) -> float[B, S + T, 3] {
    concat(x, y, axis=1) -> lstm(3, return=sequence)
}
""",
    "repeat as often as a size": """
model M(x: float[B, T, 4], z: float[B, 3]) {
    code = z -> repeat(T)
    concat(x, code) -> lstm(3, return=sequence)
}
""",
    "repeat from the same input": """
model M(x: float[B, T, 4]) -> float[B, T, 3] {
    x -> lstm(5) -> repeat(T) -> lstm(3, return=sequence)
}
""",
    "repeat by arithmetic": """
model M(x: float[B, 2*T + 1, 4]) { x -> gru(3) -> repeat(T) -> dense(2) }
""",
    "flatten tokens": """
model M(x: token(10)[B, 3, 4]) { x -> flatten -> embedding(2) -> lstm(3) }
""",
    "repeat a token": """
model M(x: token(10)[B, 2]) { x -> repeat(3) -> flatten -> embedding(2) -> gru(3) }
""",
    "residual": """
model M(x: float[B, T, 4]) {
    deep = x -> lstm(4, return=sequence) -> dense(4)
    add(x, deep) -> batch_norm
}
""",
    "input as output": """
model M(x: float[B, T, 4]) -> (same: float[B, T, 4], y: float[B, T, 2]) {
    same = x
    y = x -> dense(2)
}
""",
    "a value as two outputs": """
model M(x: float[B, T, 4]) -> (a: float[B, 2], b: float[B, 2]) {
    a = x -> lstm(2)
    b = a
}
""",
    "claims": """
model M(x: float[B, T, 4], y: float[B, T, 4]) -> float[B, T, 8] {
    both: float[B, T, 8] = concat(x, y)
    both -> lstm(8, return=sequence)
}
""",
    "params and arithmetic": """
param units = 2 * 3
param wide = units + 1
model M(x: float[B, T, units]) -> float[B, wide - 2] { x -> lstm(wide) -> dense(wide - 2) }
""",
    # ---- windows
    "shared windows, two lengths": """
model M(a: float[B, S, 6], b: float[B, T, 6]) {
    tower = conv_1d(4, 3, padding=same, strides=2) -> max_pooling_1d(padding=same)
    halves = tower -> reshape([-1, 2])
    left = a -> halves -> global_max_pooling_1d
    right = b -> halves -> global_average_pooling_1d
    subtract(left, right)
}
""",
    "windows in a sub-model, at each step of another": """
model Look(x: float[B, T, 6]) -> float[B, ceil(T / 2), 4] {
    x -> conv_1d(4, 2, strides=2, padding=same, kernel_initializer=he_normal)
}
model M(x: float[B, T, 6], y: float[B, N, T, 6]) {
    a = x -> Look -> lstm(3) -> repeat(ceil(T / 2) + 1)
    b = y -> each(Look) -> each(average_pooling_1d(3, strides=1, padding=same) -> gru(3))
    c = b -> zero_padding_1d([2, 1]) -> cropping_1d([1, 0]) -> reverse
    concat(a, c, axis=1)
}
""",
    "dilated, causal, gated": """
model M(x: float[B, T, 6]) {
    h = x -> dense(4)
    f = h -> conv_1d(4, 2, padding=causal, dilation_rate=3, activation=tanh)
    g = h -> conv_1d(4, 2, padding=causal, dilation_rate=3, activation=sigmoid, use_bias=false)
    add(h, multiply(f, g)) -> layer_norm -> conv_1d(5, 1, activation=softmax)
}
""",
    "names of helpers": """
model M(pad_same: float[B, T, 6], Reverse: float[B, T, 6]) {
    average_same = pad_same -> average_pooling_1d(padding=same)
    literal = Reverse -> reverse -> max_pooling_1d(3, strides=2, padding=same)
    flip = maximum(literal, average_same, literal) -> gaussian_noise(0.1)
    flip -> permute([2, 1]) -> permute([2, 1]) -> dense(3)
}
""",
    # ---- slices
    "slices of steps and features": """
param n = 2
model M(x: float[B, T, 6], ids: token(9)[B, T]) {
    last = x[:, -1]
    few = x[:, -3:, n:5] -> lstm(4)
    one = x[..., 0][:, : T - 1] -> reshape([-1, 1]) -> gru(3)
    odd = ids[:, 1::2] -> embedding(3) -> lstm(5)
    concat(last, few[:, 1:], one, odd, x[:, T - 2, :3]) -> dense(9)
}
""",
    "slices of states, of outputs, at each step": """
model Part(x: float[B, T, 6]) -> (all: float[B, T, 3], h: float[B, 2]) {
    run = x -> lstm(3, return=sequence)
    all = run.sequence
    h = run.state.h[:, :2]
}
model Ends(x: float[B, T, 6]) { concat(x[:, 0], x[:, -1]) -> dense(4) }
model M(x: float[B, T, 6], y: float[B, N, T, 6]) {
    part = x -> Part
    ends = y -> each(Ends)
    a = part.all[:, 1:-1] -> gru(3)
    concat(a, part.h, ends[:, 0], x -> gru(2, return=sequence) -> Last)
}
model Last(x: float[B, T, F]) -> float[B, F] { x[:, -1] }
""",
    "slices beside layers that are called like them": """
model M(get_item: float[B, T, 6]) {
    get_item_1 = dense(4)
    get_item_2 = get_item[:, 1:] -> get_item_1
    get_item_layer = get_item_2[:, :, 1:] -> dense(6) -> get_item_1 -> dense(3)
    get_item_layer[:, -1]
}
""",
    # ---- arithmetic
    "arithmetic of values and numbers": """
param k = 3
model M(x: float[B, T, 6], y: float[B, T, 6], v: float[B, 6]) {
    a = -x / (2 * k + 1) * y - 0.5 * (x - (y - x)) / (y * y + 1e-3)
    b = 2 / (3 + x * x) - -y * -2 + k * x - (x + y) - (x - y) + 25% * y
    c = -(x + y) * (-x) - 1 + x / y / (y * x + 9) * (x / (4 + y * y))
    d = v * v - v
    concat(a, b, c) -> gru(6) -> Ends(d)
}
model Ends(v: float[B, 6], h: float[B, 6]) { v - 0.1 * h - (1 - h) }
""",
    "one step and one feature stand for all": """
model M(x: float[B, T, 6], y: float[B, N, T, 6]) {
    weight = x -> dense(1, activation=sigmoid)
    a = weight * x - x[:, -1:] + x / (weight + 1)
    b = y[:, :, -1:] + y * y[:, -1:] * y[..., 1:2]
    concat(a -> gru(2), b[:, 0] -> gru(3))
}
""",
    "highway and residual stacks": """
model Highway(x: float[B, T, F], rate=0.1) -> float[B, T, F] {
    t = x -> dense(F, activation=sigmoid, bias_initializer=constant(-2))
    h = x -> dense(F, activation=relu) -> dropout(rate)
    t * h + (1 - t) * x
}
model Residual(x: float[B, T, F]) { x + (x -> layer_norm -> conv_1d(F, 3, padding=causal)) }
model Recurrent(x: float[B, T, F]) { x + (x -> gru(F, return=sequence)) }
model M(x: float[B, T, 6], y: float[B, N, 3, 6]) {
    a = x -> Highway -> Residual -> Highway(0.3) -> Recurrent -> gru(3)
    b = y -> each(Highway) -> each(Residual) -> each(each(Step)) -> each(gru(3)) -> gru(3)
    a + b
}
model Step(x: float[B, F]) { x + (x -> dense(F, activation=tanh)) }
""",
    "operators beside layers that are called like them": """
model M(add_2: float[B, T, 6], multiply: float[B, T, 6]) {
    subtract = dense(6)
    true_divide = (add_2 + multiply) / 2 - add_2 * multiply -> subtract
    negative = -true_divide -> dense(6)
    add_1 = add(negative, true_divide)
    subtract_1 = add_1 - negative -> bidirectional(lstm(3, return=sequence), merge_mode=sum)
    concatenate = bidirectional(gru(2))
    subtract_1.last -> dense(4) -> add_layer(add_2 -> concatenate)
}
model add_layer(h: float[B, 4], x: float[B, 4]) { h + x -> dense(2) }
""",
    # ---- copies
    "copies in series and side by side": """
model Lane(x: float[B, T, F], units, rate=0.1) {
    x -> layer_norm -> gru(units, return=sequence) -> dropout(rate)
}
model Block(x: float[B, T, F]) { x + (x -> dense(F, activation=tanh)) }
model M(hum: float[B, T, 6], y: float[B, N, T, 6]) {
    tower = chain(dense(7) -> batch_norm, 2)
    same = dense(7)
    a = hum -> chain(Lane(rate=0.2), units=[4, 3]) -> branches(gru(4, return=sequence), Block)
    b = a -> chain(same, 2) -> tower -> chain(Block, 3) -> tower
    c = y -> each(chain(Block -> chain(dense, units=[3, 6]), 2) -> gru(3))
          -> branches(gru(2), lstm(3))
    d = b -> branches(conv_1d(2, padding=same), kernel_size=[1, 3]) -> branches(gru(3), gru(2))
    c * d
}
""",
    "copies of models in several sizes": """
model Lane(x: float[B, T, F], units, rate=0.1) {
    x -> gru(units, return=sequence) -> dropout(rate)
}
model Tower(x: float[B, T, F], layers, thinned=0.5) {
    x -> Lane(layers, rate=thinned) -> layer_norm -> dense(layers, activation=tanh)
}
model Double(x: float[B, T, F], units) { x -> dense(units * 2) -> batch_norm }
model Bent(x: float[B, T, F], units) { x -> dense(units + 1, activation=relu) -> dense(2) }
model Windows(x: float[B, T, F], size) { x -> conv_1d(3, size, padding=causal) }
model Pool(x: float[B, N, F]) { x -> dense(3) -> global_max_pooling_1d }
model M(x: float[B, T, 6], y: float[B, 4, 6], z: float[B, 3, 6]) {
    a = x -> chain(Tower, layers=[5, 4], thinned=[0.25, 0.5]) -> chain(Double, units=[3, 2])
    b = a -> branches(Windows, size=[2, 3]) -> chain(Bent, units=[3, 2]) -> gru(2)
    c = y -> simple_rnn(6, return=sequence) -> Pool
    d = z -> Pool
    concat(b, c, d)
}
""",
    "copies beside what is called like them": """
model M(chain: float[B, T, 6]) {
    chain_0 = chain -> dense(6)
    branches = chain_0 -> Copies
    h = branches -> dense(6)
    h -> gru(2)
}
model Copies(x: float[B, T, 6]) {
    chain_0 = dense(6)
    a = x -> chain_0 -> chain(dense(6), 2) -> chain(dense(6), 2)
    chain_1 = a -> chain(dense(6), 2)
    chain_1 -> branches(dense(3), dense(3))
}
""",
    # ---- weights
    "weights of a model's own": """
model M(x: float[B, 5, 6]) {
    weight gain: float[5, 6] = glorot_uniform(), offset: float[6] = uniform()
    y = x * gain / 2 + offset * (gain - 1) - gain
    y * offset + x -> gru(3)
}
""",
    "weights at each step, in models used twice": """
model Scale(x: float[B, F]) -> float[B, F] {
    weight gain: float[F] = ones(), offset: float[F] = normal()
    x * gain + offset
}
model M(x: float[B, T, 6], y: float[B, N, T, 6]) {
    scale = Scale
    a = x -> each(scale) -> each(scale) -> each(Scale -> dense(6)) -> gru(3)
    b = y -> each(each(Scale)) -> each(gru(3)) -> gru(3)
    a + b
}
""",
    "tied to a frozen embedding": """
model M(x: token(11)[B, T], y: token(7)[B, T]) {
    words = embedding(4, trainable=false)
    a = x -> words -> gru(4, return=sequence) -> dense(11, kernel=transpose(words.embeddings))
    b = y -> embedding(5, trainable=false, embeddings_initializer=normal)
    concat(a, b)
}
""",
    "tied to an embedding": """
model M(text: token(11)[B, T], more: token(11)[B, S]) {
    words = embedding(4)
    h = text -> words -> gru(4, return=sequence)
    g = more -> words -> lstm(4)
    a = h -> dense(11, kernel=transpose(words.embeddings), activation=tanh)
    b = g -> dense(11, kernel=transpose(words.embeddings), use_bias=false)
    c = b -> dense(4, kernel=words.embeddings)
    concat(a -> gru(2), b, c)
}
""",
    "tied to a dense layer, to a weight, in models": """
model Back(x: float[B, T, F], units) -> float[B, T, F] {
    code = dense(units, activation=relu)
    back = x -> code -> dropout(0.1) -> dense(F, kernel=transpose(code.kernel), activation=tanh)
    back
}
model M(x: float[B, T, 6], y: float[B, N, T, 6]) {
    weight matrix: float[6, 4] = orthogonal()
    a = x -> Back(4) -> Back(5) -> dense(4, kernel=matrix) -> dense(6, kernel=transpose(matrix))
    first = a -> dense(6)
    again = dense(6, kernel=first.kernel, bias_initializer=ones)
    b = first -> again -> again -> gru(3)
    c = y -> each(Back(3)) -> each(dense(4, kernel=matrix) -> gru(3)) -> gru(3)
    b + c
}
""",
    # ---- ends
    "softmax at the end": """
model M(x: token(10)[B, T]) { x -> embedding(4) -> lstm(3, return=sequence) -> dense(5) -> softmax }
""",
    "long chain": """
model M(x: token(10)[B, T]) {
    x -> embedding(4) -> dropout(0.1) -> bidirectional(lstm(3, return=sequence)) -> batch_norm
      -> simple_rnn(4, return=sequence) -> dense(5, activation=gelu) -> dropout(0.2)
      -> gru(3) -> dense(2, activation=softmax)
}
""",
}

#: Names that mean something to Python, to a framework, or to the programs.
NAMES = (
    "train forward type self lambda_ x nn torch keras layers Tensor print input output model "
    "eval parameters buffers modules children state_dict load_state_dict to cpu cuda half double "
    "float apply zero_grad requires_grad_ register_buffer training dump_patches weight bias "
    "reset_parameters build_model initialise ops save load weights views batch h c b _ __init__ "
    "__class__ __call__ True None False class def lambda import from as is not and or in if else "
    "while with yield async await match case annotations functional np numpy math name call build "
    "compile fit predict inputs outputs losses metrics layer summary trainable T B units list "
    "tuple dict len zip super property steps Embedding Case Model Part range int isinstance"
).split()


def names(size: int) -> Iterator[tuple[str, ...]]:
    """The names, some at a time: programs take longer to build than to have many layers."""
    for start in range(0, len(NAMES), size):
        yield tuple(NAMES[start : start + size])


def values(chosen: Sequence[str]) -> str:
    """Names of values, after which layers are called."""
    before = ["start", *chosen]
    kinds = ("dense(4)", "lstm(4, return=sequence)", "gru(4, reset_after=false, return=sequence)")
    lines = [
        f"    {name} = {earlier} -> {kinds[i % 3]}\n"
        for i, (earlier, name) in enumerate(pairwise(before))
    ]
    return (
        f"model Whole(start: float[B, T, 4]) {{\n{''.join(lines)}    {chosen[-1]} -> dense(2)\n}}\n"
    )


def shared_layers(chosen: Sequence[str]) -> str:
    """Names of layers."""
    lines = "".join(f"    {name} = dense(4)\n" for name in chosen)
    chain = " -> ".join(chosen)
    return f"model Whole(start: float[B, T, 4]) {{\n{lines}    start -> {chain} -> {chain}\n}}\n"


def inputs(chosen: Sequence[str]) -> str:
    """Names of inputs."""
    ports = ", ".join(f"{name}: float[B, T, 4]" for name in chosen)
    return f"model Whole({ports}) {{\n    add({', '.join(chosen)}) -> lstm(3)\n}}\n"


def weights(chosen: Sequence[str]) -> str:
    """Names of weights of a model's own, and of copies."""
    declared = "".join(f"    weight {name}: float[4] = normal()\n" for name in chosen[::2])
    lines = "".join(f"    {name} = chain(dense(4), 2)\n" for name in chosen[1::2])
    lines += "    begun = start[:, 1:]\n"
    total = " + ".join(f"begun * {name}" for name in chosen[::2])
    chain = " -> ".join(chosen[1::2])
    return f"model Whole(start: float[B, T, 4]) {{\n{declared}{lines}    {total} -> {chain}\n}}\n"


def outputs(chosen: Sequence[str]) -> str:
    """Names of outputs."""
    ports = ", ".join(f"{name}: float[B, {i + 2}]" for i, name in enumerate(chosen))
    lines = "".join(f"    {name} = start -> dense({i + 2})\n" for i, name in enumerate(chosen))
    return f"model Whole(start: float[B, 4]) -> ({ports}) {{\n{lines}}}\n"


def models(chosen: Sequence[str]) -> str:
    """Names of models, after which classes and functions are called."""
    parts = "".join(
        f"model {name}(x: float[B, T, 4]) {{ x -> lstm(4, return=sequence) }}\n" for name in chosen
    )
    chain = " -> ".join(chosen)
    return f"{parts}model Whole(start: float[B, T, 4]) {{ start -> {chain} }}\n"


def ports(chosen: Sequence[str]) -> str:
    """Names of a sub-model's inputs and outputs."""
    header = ", ".join(f"{name}: float[B, 4]" for name in chosen)
    results = ", ".join(f"{name}_: float[B, 3]" for name in chosen)
    lines = "".join(f"    {name}_ = {name} -> dense(3)\n" for name in chosen)
    return (
        f"model Inner({header}) -> ({results}) {{\n{lines}}}\n"
        f"model Whole(start: float[B, 4]) {{\n"
        f"    inner = Inner({', '.join(['start'] * len(chosen))})\n"
        f"    concat({', '.join(f'inner.{name}_' for name in chosen)})\n}}\n"
    )


def sizes(chosen: Sequence[str]) -> str:
    """Names of dimensions: those that begin with a capital."""
    capital = [name for name in chosen if name[0].isupper() and name != "B"] or ["T"]
    header = ", ".join(f"x{i}: float[B, {name}, 4]" for i, name in enumerate(capital))
    lines = "".join(
        f"    y{i} = x{i} -> lstm(3) -> repeat({name}) -> gru(2)\n"
        for i, name in enumerate(capital)
    )
    every = ", ".join(f"y{i}" for i in range(len(capital)))
    return f"model Whole({header}, z: float[B, 2]) {{\n{lines}    add({every}, z)\n}}\n"


#: Names of dimensions in the specs below: nothing else can be called so.
SIZES = ("T", "B")

PLACES = (values, shared_layers, inputs, weights, outputs, models, ports, sizes)
