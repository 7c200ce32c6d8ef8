"""Training a network on variations of digits, from labels or from another network's answers."""

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from scipy.special import softmax
from tqdm import tqdm

from mnist_api.training.architectures import ARCHITECTURES, FEATURES
from mnist_api.training.dataset import Labels
from mnist_api.training.recipes import NetRecipe

Floats = NDArray[np.float32]


def build(recipe: NetRecipe) -> keras.Model:
    """Return the untrained network of a recipe: from float32 (m, 28, 28) to logits (m, 10)."""
    return ARCHITECTURES[recipe.architecture](recipe.width, recipe.dropout, recipe.momentum)


def train_net(
    recipe: NetRecipe, pictures: Floats, labels: Labels, taught: Floats | None = None
) -> keras.Model:
    """Train by a recipe; return the network with its weights averaged over the training.

    Args:
        recipe: all that can be chosen.
        pictures: float32 (m, 28, 28) in 0 to 1; nothing else is ever seen.
        labels: uint8 (m,).
        taught: a teacher's logits for the pictures, (m, 10), or None.
    """
    keras.utils.set_random_seed(recipe.seed)
    net = build(recipe)
    seen, trained = pictures, net
    if any(layer.name == FEATURES for layer in net.layers):
        # What has no weights is computed once, and not at every step.
        features = net.get_layer(FEATURES).output
        seen = logits(keras.Model(net.inputs, features), pictures)
        trained = keras.Model(features, net.outputs[0])
    _fit(recipe, trained, seen, _targets(recipe, labels, taught))
    return net


def logits(net: keras.Model, pictures: Floats) -> Floats:
    """Score pictures, float32 (n, 28, 28) in 0 to 1."""
    scores: Floats = net.predict(pictures, batch_size=200, verbose=0)
    return scores


def _targets(recipe: NetRecipe, labels: Labels, taught: Floats | None) -> Floats:
    smoothing = recipe.label_smoothing
    hard = np.eye(10, dtype=np.float32)[labels] * (1 - smoothing) + np.float32(smoothing / 10)
    if taught is None:
        return hard
    soft = softmax(taught / np.float32(recipe.teacher_temperature), axis=1)
    share = np.float32(recipe.teacher_share)
    mixed: Floats = share * soft + (1 - share) * hard
    return mixed


def _fit(recipe: NetRecipe, net: keras.Model, pictures: Floats, targets: Floats) -> None:
    rng = np.random.default_rng(recipe.seed)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0,
        recipe.steps - recipe.warm_up,
        warmup_target=recipe.learning_rate,
        warmup_steps=recipe.warm_up,
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay)
    optimizer.build(net.trainable_variables)
    averages = [tf.Variable(weight) for weight in net.weights]

    @tf.function  # type: ignore[untyped-decorator]
    def step(batch: tf.Tensor, wanted: tf.Tensor, keep: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            losses = keras.losses.categorical_crossentropy(
                wanted, net(batch, training=True), from_logits=True
            )
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables, strict=True))
        for average, weight in zip(averages, net.weights, strict=True):
            moved = keep * tf.cast(average, tf.float32) + (1 - keep) * tf.cast(weight, tf.float32)
            average.assign(tf.cast(moved, average.dtype))
        return loss

    with tqdm(range(recipe.steps), desc=recipe.name, unit="step", mininterval=1) as progress:
        for number in progress:
            chosen = rng.integers(0, len(pictures), recipe.batch)
            keep = min(recipe.average, (1 + number) / (10 + number))
            loss = step(pictures[chosen], targets[chosen], tf.constant(keep, tf.float32))
            if number % 100 == 0:
                progress.set_postfix(loss=f"{float(loss):.3f}")
    for average, weight in zip(averages, net.weights, strict=True):
        weight.assign(average)
