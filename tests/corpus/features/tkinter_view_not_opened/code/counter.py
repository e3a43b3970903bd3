try:
    import tkinter as tk
    from tkinter import messagebox, ttk
except ImportError:
    tk = ttk = None


class Model:
    def __init__(self):
        self.value, self.listeners = 0, []

    def add(self, step=1):
        self.value += step
        for listener in self.listeners:
            listener(self.value)


class View(ttk.Frame if ttk else object):
    def __init__(self, parent: "tk.Misc", model: Model):
        super().__init__(parent)
        self.label = ttk.Label(self, text="0")
        model.listeners.append(lambda value: self.label.configure(text=str(value)))
        ttk.Button(self, text="+", command=model.add).pack(side=tk.LEFT)


def confirm(words, ask=None):
    return (ask or messagebox.askyesno)("Sure?", words)


def main():
    try:
        root = tk.Tk()
    except tk.TclError:
        return "no display"
    View(root, Model()).pack(fill=tk.BOTH)
    root.mainloop()
