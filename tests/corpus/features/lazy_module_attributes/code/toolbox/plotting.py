import matplotlib.pyplot as plt


def plot(values):
    return plt.plot(values)
