"""Training a network on augmented digits, with or without a teacher."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tqdm import tqdm

from mnist_api.training.architectures import ARCHITECTURES
from mnist_api.training.augment import augmented
from mnist_api.training.dataset import Images, Labels
from mnist_api.training.recipes import NetRecipe

Floats = NDArray[np.float32]
Teacher = Callable[[Floats], Floats]


def train_net(
    recipe: NetRecipe, images: Images, labels: Labels, teacher: Teacher | None = None
) -> keras.Model:
    """Train by a recipe.

    Args:
        recipe: all that can be chosen.
        images: uint8 (n, 28, 28); nothing else is ever seen.
        labels: uint8 (n,).
        teacher: from pictures float32 (m, 28, 28) in 0 to 1 to logits (m, 10).

    Returns:
        A network from float32 (m, 28, 28) to logits, its weights averaged over the training.
    """
    keras.utils.set_random_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    # Each round shows every digit once, so that all are varied equally often.
    rounds = -(-recipe.images // len(labels))
    indices = np.concatenate([rng.permutation(len(labels)) for _ in range(rounds)])
    pictures = augmented(images, labels, indices, recipe.augmentation, recipe.seed)
    targets = _targets(recipe, pictures, labels[indices], teacher)
    net = ARCHITECTURES[recipe.architecture](recipe.dropout, recipe.momentum)
    _fit(recipe, net, pictures, targets, rng)
    return net


def _targets(
    recipe: NetRecipe, pictures: Floats, labels: Labels, teacher: Teacher | None
) -> Floats:
    smoothing = recipe.label_smoothing
    hard = np.eye(10, dtype=np.float32)[labels] * (1 - smoothing) + np.float32(smoothing / 10)
    if teacher is None:
        return hard
    soft = keras.ops.softmax(teacher(pictures) / recipe.teacher_temperature)
    share = np.float32(recipe.teacher_share)
    mixed: Floats = share * np.asarray(soft) + (1 - share) * hard
    return mixed


def _fit(
    recipe: NetRecipe,
    net: keras.Model,
    pictures: Floats,
    targets: Floats,
    rng: np.random.Generator,
) -> None:
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
